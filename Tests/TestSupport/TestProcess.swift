import CLinux
import Glibc
import Networking
import Synchronization

/// A program that a test runs: its output is captured, and it dies with the test process.
package final class TestProcess: Sendable {
  /// How a program ended.
  package enum Exit: Equatable, Sendable {
    case code(Int32)
    case signal(Int32)
  }

  private struct State {
    var output: [UInt8] = []
    var exit: Exit?
    var hasClosedOutput = false
  }

  package let pid: Int32
  package let name: String
  private let state = Mutex(State())

  /// A child's death signal is bound to the thread that forked it, so one thread forks all and lives on.
  private static let forker = WorkerThreads(name: "test-fork", threads: 1, queueLimit: 1024)

  private init(pid: pid_t, name: String) {
    self.pid = pid
    self.name = name
  }

  /// The folder of the built programs: that of the test program.
  package static var products: String {
    get throws {
      var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
      let count = readlink("/proc/self/exe", &bytes, bytes.count - 1)
      guard count > 0 else { throw TestFailure("readlink: \(String(cString: strerror(errno)))") }
      let path = String(decoding: bytes[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
      return path.split(separator: "/").dropLast().reduce(into: "") { $0 += "/\($1)" }
    }
  }

  /// Starts a product of this package (`chatd`), or any program when `program` is a path. What it writes to its
  /// standard output and error is captured as one.
  /// - Parameter environment: on top of PATH, HOME and LANG; nothing else is inherited.
  package static func start(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil
  ) async throws -> TestProcess {
    let path = program.hasPrefix("/") ? program : "\(try products)/\(program)"
    return try await forker.run {
      var ends: [Int32] = [0, 0]
      guard pipe(&ends) == 0 else { throw TestFailure("pipe: \(String(cString: strerror(errno)))") }
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
      var variables = ["LANG": "C.UTF-8"]
      for key in ["PATH", "HOME"] { if let value = getenv(key) { variables[key] = String(cString: value) } }
      variables.merge(environment) { $1 }
      var argv = ([path] + arguments).map { strdup($0) } + [nil]
      var envp = variables.map { strdup("\($0)=\($1)") } + [nil]
      defer { for text in argv + envp { free(text) } }
      let pid = clinux_spawn(path, &argv, &envp, directory, ends[1], 0, 0, SIGKILL)
      close(ends[1])
      guard pid > 0 else {
        close(ends[0])
        throw TestFailure("cannot start \(path): \(String(cString: strerror(-pid)))")
      }
      let process = TestProcess(pid: pid, name: program)
      let input = ends[0]
      EventLoop.startThread(named: "test-output") { process.follow(input) }
      return process
    }
  }

  /// Runs a program to its end.
  package static func run(
    _ program: String, _ arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil,
    within limit: Duration = .seconds(60)
  ) async throws -> (exit: Exit, output: String) {
    let process = try await start(program, arguments, environment: environment, directory: directory)
    let exit = try await process.waitForExit(within: limit)
    return (exit, process.output)
  }

  private func follow(_ input: Int32) {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    // The end is told apart from a grandchild that keeps the pipe open: the exit is awaited on a thread of its own.
    EventLoop.startThread(named: "test-exit") { [self] in
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
      let exit: Exit =
        clinux_exited(status) != 0 ? .code(clinux_exit_code(status)) : .signal(clinux_termination_signal(status))
      state.withLock { $0.exit = exit }
    }
    while true {
      let count = read(input, &bytes, bytes.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { break }
      state.withLock { $0.output.append(contentsOf: bytes[..<count]) }
    }
    close(input)
    state.withLock { $0.hasClosedOutput = true }
  }

  // MARK: What it says

  /// Everything it has written so far.
  package var output: String { state.withLock { String(decoding: $0.output, as: UTF8.self) } }

  /// The exit, once it has ended.
  package var exit: Exit? { state.withLock { $0.exit } }

  package var isRunning: Bool { exit == nil }

  /// Waits for a line that contains `text` and returns it. Throws at once when the process ends without.
  @discardableResult
  package func waitForLine(containing text: String, within limit: Duration = .seconds(60)) async throws -> String {
    try await waitForLine(within: limit, "a line with '\(text)' of \(name)") { $0.contains(text) }
  }

  /// Waits for the first line that `matches`.
  package func waitForLine(
    within limit: Duration = .seconds(60), _ what: String, _ matches: (Substring) -> Bool
  ) async throws -> String {
    var found: String?
    do {
      try await eventually(within: limit, what) {
        let hasEnded = state.withLock { $0.exit != nil && $0.hasClosedOutput }
        found = output.split(separator: "\n").first(where: matches).map(String.init)
        if found == nil, hasEnded { throw TestFailure("\(name) ended without \(what)") }
        return found != nil
      }
    } catch let failure as TestFailure {
      throw TestFailure("\(failure); its output:\n\(output)")
    }
    return found ?? ""
  }

  // MARK: Its end

  /// Sends a signal; nothing happens when it has ended.
  package func signal(_ number: Int32) {
    // Not after it was reaped, when the pid may be another's.
    state.withLock { if $0.exit == nil { kill(pid, number) } }
  }

  package func terminate() { signal(SIGTERM) }

  /// Waits for the end of the process, and then for the end of its output (a moment, should a child of it hold it open).
  @discardableResult
  package func waitForExit(within limit: Duration = .seconds(60)) async throws -> Exit {
    do {
      try await eventually(within: limit, "the end of \(name)") { exit != nil }
    } catch let failure as TestFailure {
      throw TestFailure("\(failure); its output:\n\(output)")
    }
    try? await eventually(within: .milliseconds(500)) { state.withLock { $0.hasClosedOutput } }
    return exit ?? .code(-1)
  }

  /// Kill -9, and waits for it.
  package func killNow() async throws {
    signal(SIGKILL)
    try await waitForExit()
  }

  /// SIGTERM, and waits; a process that does not end within `limit` is killed and that is an error.
  @discardableResult
  package func stop(within limit: Duration = .seconds(60)) async throws -> Exit {
    terminate()
    do {
      return try await waitForExit(within: limit)
    } catch {
      signal(SIGKILL)
      throw error
    }
  }
}
