import CLinux
import Glibc

/// A server that we started: its process, its log, and how it ends. On the servers' thread only.
final class ServerProcess {
  let service: EmbeddedService
  let pid: pid_t
  /// True once it has been told to stop: its end is then no surprise.
  private(set) var isStopping = false
  private let log: String
  /// Where this life's lines begin in the log.
  private let logStart: Int
  private let stopSignal: Int32
  private var status: Int32?
  private var stopDeadline: UInt64 = 0

  private init(
    service: EmbeddedService, pid: pid_t, log: String, logStart: Int, stopSignal: Int32
  ) {
    self.service = service
    self.pid = pid
    self.log = log
    self.logStart = logStart
    self.stopSignal = stopSignal
  }

  /// Starts `program` with `directory` as its working directory, by which a later start knows it.
  static func launch(
    _ service: EmbeddedService, _ program: String, _ arguments: [String], in directory: String, log: String,
    account: ServerAccount, stopSignal: Int32
  ) throws(EmbeddedError) -> ServerProcess {
    let output = try openLog(log)
    defer { close(output) }
    let start = lseek(output, 0, SEEK_END)
    let pid = spawn(program, arguments, in: directory, output: output, account, deathSignal: stopSignal)
    guard pid > 0 else { throw EmbeddedError(errno: -pid, "start \(program)") }
    return ServerProcess(service: service, pid: pid, log: log, logStart: Int(start), stopSignal: stopSignal)
  }

  /// A log that has grown past 16 MiB is set aside once, as `NAME.1`.
  private static func openLog(_ log: String) throws(EmbeddedError) -> Int32 {
    var status = stat()
    if stat(log, &status) == 0, status.st_size > 16 << 20 { rename(log, "\(log).1") }
    let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard output >= 0 else { throw EmbeddedError(errno: errno, "write \(log)") }
    return output
  }

  /// Runs a program to its end and returns its exit code (128 + signal when it was killed).
  static func run(
    _ program: String, _ arguments: [String], in directory: String, output: Int32, account: ServerAccount
  ) throws(EmbeddedError) -> Int32 {
    let pid = spawn(program, arguments, in: directory, output: output, account, deathSignal: SIGKILL)
    guard pid > 0 else { throw EmbeddedError(errno: -pid, "start \(program)") }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return clinux_exited(status) != 0 ? clinux_exit_code(status) : 128 + clinux_termination_signal(status)
  }

  private static func spawn(
    _ program: String, _ arguments: [String], in directory: String, output: Int32, _ account: ServerAccount,
    deathSignal: Int32
  ) -> pid_t {
    // Nothing of ours: PGDATA, PGPORT and the like would lead the server astray.
    let environment = ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC"]
    var argv = ([program] + arguments).map { strdup($0) } + [nil]
    var envp = environment.map { strdup($0) } + [nil]
    defer { for text in argv + envp { free(text) } }
    return clinux_spawn(program, &argv, &envp, directory, output, account.user, account.group, deathSignal)
  }

  // MARK: Its end

  /// Reaps the process when it has ended.
  var hasEnded: Bool {
    if status != nil { return true }
    var value: Int32 = 0
    guard waitpid(pid, &value, WNOHANG) == pid else { return false }
    status = value
    return true
  }

  func exitDescriptor() throws(EmbeddedError) -> Int32 {
    let descriptor = clinux_pidfd(pid)
    guard descriptor >= 0 else { throw EmbeddedError(errno: -descriptor, "watch pid \(pid)") }
    return descriptor
  }

  /// The error that says what happened, with the log's last lines.
  func failure(_ what: String) -> EmbeddedError {
    var how = ""
    if let status {
      let signal = clinux_termination_signal(status)
      how = signal != 0 ? " (signal \(signal))" : " (exit code \(clinux_exit_code(status)))"
    }
    let tail = FileTree.tail(of: log, from: logStart)
    if tail.contains("No space left on device") {
      return EmbeddedError(.diskFull, "\(service.rawValue) \(what)\(how): the disk of \(log) is full", log: tail)
    }
    return EmbeddedError(.serverFailed, "\(service.rawValue) \(what)\(how); see \(log)", log: tail)
  }

  /// Asks it to end; `finishStop` waits for that.
  func beginStop() {
    guard !isStopping, !hasEnded else { return }
    isStopping = true
    stopDeadline = clinux_monotonic_ns() + 20_000_000_000
    kill(pid, stopSignal)
  }

  /// Waits until it has ended; past the deadline it is killed.
  func finishStop() {
    while !hasEnded {
      if clinux_monotonic_ns() >= stopDeadline {
        kill(pid, SIGKILL)
        stopDeadline = .max
      }
      usleep(1000)
    }
  }

  func stop() {
    beginStop()
    finishStop()
  }

  /// Polls `isReady` until it is true; fails when the process ends before or time is up.
  func awaitReady(
    within timeout: Duration, _ progress: (String) -> Void, _ isReady: () -> Bool
  ) throws(EmbeddedError) {
    let start = clinux_monotonic_ns()
    let deadline = start &+ UInt64(timeout.components.seconds) * 1_000_000_000
    var hasReported = false
    while !isReady() {
      if hasEnded { throw failure("did not start") }
      let now = clinux_monotonic_ns()
      if now >= deadline { throw failure("was not ready after \(timeout.components.seconds) seconds") }
      if !hasReported, now - start > 2_000_000_000 {
        hasReported = true
        progress("waiting for \(service.rawValue), which reads its log after a crash")
      }
      usleep(1000)
    }
  }
}
