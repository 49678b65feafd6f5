import Glibc
import Networking

/// An open file of a `LocalObjectStore`; closed with its last reference, and readable until then, removed or not.
package final class LocalFile: Sendable {
  private let descriptor: Int32
  private let path: String
  package let size: Int64

  /// Nil where there is none; blocks. Throws `ObjectStoreError`.
  init?(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw ObjectStoreError(errno: errno, "read", path)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      let code = errno
      close(descriptor)
      throw ObjectStoreError(errno: code, "read", path)
    }
    self.descriptor = descriptor
    self.path = path
    size = Int64(status.st_size)
  }

  deinit { close(descriptor) }

  /// At most `count` bytes from `offset` on; none at the end. Throws `ObjectStoreError`.
  package func read(at offset: Int64, _ count: Int) async throws -> [UInt8] {
    try await LocalObjectStore.threads.run { [self] in
      var failure: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: count) { out, filled in
        var read = pread(descriptor, out.baseAddress, count, off_t(offset))
        while read < 0, errno == EINTR { read = pread(descriptor, out.baseAddress, count, off_t(offset)) }
        if read < 0 { failure = errno }
        filled = max(0, read)
      }
      guard failure == 0 else { throw ObjectStoreError(errno: failure, "read", path) }
      return bytes
    }
  }
}
