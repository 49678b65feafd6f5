import CLinux
import Glibc

/// The file that a listening Unix socket leaves in the file system, which outlives its process.
struct UnixSocketFile {
  private let path: String
  private let device: UInt64
  private let inode: UInt64

  /// The file as it is now; nil for an IP address, or when there is none.
  init?(_ address: SocketAddress) {
    guard case .unix(let path) = address.kind, let status = UnixSocketFile.status(path) else { return nil }
    self.path = path
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
  }

  /// Removes the file unless somebody has put another one in its place.
  func remove() {
    guard let status = UnixSocketFile.status(path), UInt64(status.st_dev) == device, UInt64(status.st_ino) == inode
    else {
      return
    }
    unlink(path)
  }

  /// Makes way for listening: removes a socket that nobody listens on any more. Throws `NetworkError` for a path that the
  /// system cannot take.
  static func clear(_ address: SocketAddress) throws {
    guard case .unix(let path) = address.kind else { return }
    guard path.utf8.count <= SocketAddress.maximumPathLength else {
      throw NetworkError(errno: ENAMETOOLONG, "listen on \(address)")
    }
    guard let status = status(path), status.st_mode & S_IFMT == S_IFSOCK else { return }
    let attempt = address.withSockaddr { clinux_connect($0, $1) }
    if attempt >= 0 {
      Glibc.close(attempt)
    } else if attempt == -ECONNREFUSED {
      unlink(path)
    }
  }

  private static func status(_ path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 ? status : nil
  }
}
