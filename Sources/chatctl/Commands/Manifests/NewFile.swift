import Commands
import Glibc

/// Writes a file beside its place and moves it there: nobody sees half of it, and what was there stays until then.
enum NewFile {
  /// Throws `CommandFailure` cannotCreate.
  static func write(_ bytes: [UInt8], to path: String) throws {
    func failed() -> CommandFailure {
      CommandFailure(.cannotCreate, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
    let part = "\(path).\(getpid())"
    let descriptor = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failed() }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let failure = failed()
        close(descriptor)
        unlink(part)
        throw failure
      }
      rest = rest.dropFirst(count)
    }
    guard close(descriptor) == 0, rename(part, path) == 0 else {
      let failure = failed()
      unlink(part)
      throw failure
    }
  }
}
