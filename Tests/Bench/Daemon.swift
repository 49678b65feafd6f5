import CLinux
import Glibc
import Load
import Networking
import Postgres

/// The program under test, in a temporary folder, with its own PostgreSQL and Redis; or this program as `FloorServer`.
final class Daemon: @unchecked Sendable {
  let pid: pid_t
  let address: DaemonAddress
  let folder: String
  let family: ProcessFamily
  private let loop: EventLoop
  private let keepsFolder: Bool

  private init(pid: pid_t, address: DaemonAddress, folder: String, loop: EventLoop, keepsFolder: Bool) {
    self.pid = pid
    self.address = address
    self.folder = folder
    self.loop = loop
    self.keepsFolder = keepsFolder
    family = ProcessFamily(daemon: pid)
  }

  var postgres: String { "host='\(folder)/data/run' port=5432 user=chatd dbname=chat" }
  var redis: SocketAddress { SocketAddress(.unix("\(folder)/data/run/redis.sock")) }
  var secrets: String { "\(folder)/data/secrets" }

  /// Starts it and returns when it listens. On the loop's thread, which is the main one: the child dies with it.
  static func start(_ options: BenchOptions, _ loop: EventLoop, isFloor: Bool = false) async throws -> Daemon {
    var template = Array("/tmp/chatd-bench-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw LoadFailure("cannot make a temporary folder: errno \(errno)") }
    let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    // The servers run as another account when we are root, and must come to their data.
    chmod(folder, 0o711)
    do {
      let isSecure = options.tls != .none && !isFloor
      let tls = isSecure ? try DaemonAddress.certify(folder, resumes: options.tls == .resumed) : nil
      let (pid, socket) = try await launch(options, folder, loop, isFloor)
      if options.isPinned { Affinity.pin(pid, to: options.daemonCore) }
      return Daemon(
        pid: pid, address: DaemonAddress(socket: socket, tls: tls), folder: folder, loop: loop,
        keepsFolder: options.keepsFolder)
    } catch {
      if !options.keepsFolder { Command.run("/bin/rm", ["-rf", folder]) }
      throw error
    }
  }

  private static func launch(
    _ options: BenchOptions, _ folder: String, _ loop: EventLoop, _ isFloor: Bool
  ) async throws -> (pid_t, SocketAddress) {
    let logFile = "\(folder)/chatd.log"
    let log = open(logFile, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0o644)
    defer { close(log) }
    let program = isFloor ? "/proc/self/exe" : options.chatd
    let arguments =
      isFloor
      ? [FloorServer.argument]
      : ["all", "--embedded", "\(folder)/data", "--listen", "127.0.0.1:0", "--loops", "1"] + bus(options)
        + (options.tls == .none ? [] : ["--tls-certificate", "\(folder)/tls.pem", "--tls-key", "\(folder)/tls.key"])
    var argv = ([program] + arguments).map { strdup($0) } + [nil]
    // A few users do what thousands would: their limits are counted, and are out of reach.
    let limits = ["LOGINS", "READS", "WRITES", "SENDS", "SEARCHES", "EVENTS", "CONNECTS"]
      .map { "CHATD_LIMITS_USER_\($0)=1000000000/1m" }
    let variables = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"] + limits
    var environment = variables.map { strdup($0) } + [nil]
    defer { for text in argv + environment { free(text) } }
    let pid = clinux_spawn(program, &argv, &environment, nil, log, 0, 0, SIGTERM)
    guard pid > 0 else { throw LoadFailure("cannot start \(program): \(String(cString: strerror(-pid)))") }
    for _ in 0..<1200 {
      if let address = address(inLog: FileContents.text(logFile)) { return (pid, address) }
      guard waitpid(pid, nil, WNOHANG) == 0 else {
        throw LoadFailure("\(program) has ended; it said:\n\(FileContents.text(logFile))")
      }
      try await loop.sleep(for: .milliseconds(50))
    }
    kill(pid, SIGTERM)
    throw LoadFailure("\(program) does not listen after 60 s; it said:\n\(FileContents.text(logFile))")
  }

  /// A daemon has a topic of its own: its store is new, and knows nothing of others' events.
  private static func bus(_ options: BenchOptions) -> [String] {
    guard let brokers = options.brokers else { return [] }
    return ["--bus", "kafka", "--bus-topic", "bench.\(getpid()).\(clinux_monotonic_ns())"]
      + brokers.split(separator: ",").flatMap { ["--kafka", String($0)] }
  }

  /// `… listens on 127.0.0.1:40001, ready in …`
  private static func address(inLog log: String) -> SocketAddress? {
    for line in log.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard let verb = words.firstIndex(of: "listens"), words.count > verb + 2 else { continue }
      let text = words[verb + 2].prefix { $0 != "," }
      if let port = text.split(separator: ":").last.flatMap({ UInt16($0) }) { return .loopback(port: port) }
    }
    return nil
  }

  /// Lines of its log that are warnings or worse.
  var complaints: [String] {
    FileContents.text("\(folder)/chatd.log").split(separator: "\n").map(String.init).filter {
      $0.contains("level=warning") || $0.contains("level=error")
    }
  }

  func stop() async {
    let complaints = complaints
    if !complaints.isEmpty {
      Report.note("Bench: chatd complained \(complaints.count) times, first: \(complaints[0])")
    }
    kill(pid, SIGTERM)
    var waits = 0
    while waitpid(pid, nil, WNOHANG) == 0 {
      waits += 1
      if waits == 400 { kill(pid, SIGKILL) }
      try? await loop.sleep(for: .milliseconds(50))
    }
    if keepsFolder {
      Report.note("Bench: left behind: \(folder)")
    } else {
      Command.run("/bin/rm", ["-rf", folder])
    }
  }
}
