import CLinux
import Glibc

/// Programs that end soon.
enum Command {
  /// Its exit code; -1 when it could not be started.
  @discardableResult
  static func run(_ path: String, _ arguments: [String]) -> Int32 {
    var argv = ([path] + arguments).map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = [nil]
    defer { for text in argv { free(text) } }
    let pid = clinux_spawn(path, &argv, &environment, nil, -1, 0, 0, SIGKILL)
    guard pid > 0 else { return -1 }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return clinux_exited(status) != 0 ? clinux_exit_code(status) : -1
  }
}
