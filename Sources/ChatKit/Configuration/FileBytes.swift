import Commands
import Glibc
import Primitives

/// Small files as a whole, with errors that say what the operator can do.
package enum FileBytes {
  /// Throws `ConfigurationError`: `.invalidInput` for what is missing, no file or too long, `.notPermitted` for what may
  /// not be read.
  /// - Parameter what: what the file is, for the message: `--config` or `postgres.password`.
  package static func read(_ path: String, limit: Int, what: String) throws(ConfigurationError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(path, errno, what) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path, errno, what) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw failure(path, EISDIR, what) }
    // Opening must not wait for the other end of a pipe; reading one, as of `--config <(…)`, must.
    _ = fcntl(descriptor, F_SETFL, 0)
    var bytes: [UInt8] = []
    while true {
      var part = [UInt8](repeating: 0, count: 64 << 10)
      let count = part.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path, errno, what) }
      if count == 0 { return bytes }
      bytes += part[..<count]
      guard bytes.count <= limit else {
        throw ConfigurationError(.invalidInput, "\(what): \(path) is longer than \(ByteCount(bytes: limit))")
      }
    }
  }

  private static func failure(_ path: String, _ code: Int32, _ what: String) -> ConfigurationError {
    switch code {
    case ENOENT, ENOTDIR:
      let parent = path.split(separator: "/").dropLast().joined(separator: "/")
      let folder = path.hasPrefix("/") ? "/\(parent)" : parent.isEmpty ? "." : parent
      return ConfigurationError(
        .invalidInput, "\(what): there is no file \(path)",
        hint: access(folder, F_OK) == 0 ? nil : "Its folder \(folder) is missing too.")
    case EISDIR: return ConfigurationError(.invalidInput, "\(what): \(path) is a folder, not a file")
    case EACCES, EPERM:
      return ConfigurationError(
        .notPermitted, "\(what): \(path) may not be read by \(user)",
        hint: "Give it to that user, or to one of its groups: chgrp, chmod g+r.")
    default:
      return ConfigurationError(.invalidInput, "\(what): cannot read \(path): \(String(cString: strerror(code)))")
    }
  }

  private static var user: String {
    guard let entry = getpwuid(geteuid()) else { return "user \(geteuid())" }
    return String(cString: entry.pointee.pw_name)
  }
}
