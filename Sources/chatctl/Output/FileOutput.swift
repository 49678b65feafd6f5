import Commands
import Glibc

/// Files that a command writes beside its answer.
enum FileOutput {
  /// Writes all of a file, or nothing: what was there stays until all is written. Throws `CommandFailure`.
  static func write(_ bytes: [UInt8], to path: String) throws {
    let draft = "\(path).\(getpid())"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(path) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let error = failure(path)
        close(descriptor)
        unlink(draft)
        throw error
      }
      rest = rest.dropFirst(count)
    }
    close(descriptor)
    guard rename(draft, path) == 0 else { throw failure(path) }
  }

  private static func failure(_ path: String) -> CommandFailure {
    CommandFailure(.cannotCreate, "cannot write \(path): \(String(cString: strerror(errno)))")
  }
}
