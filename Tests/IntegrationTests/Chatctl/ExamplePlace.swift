import ChatKit
import Glibc
import TestSupport

/// Where examples are run as they stand: a folder of its own with a home, the manifests, and `chatd all --embedded .chatd`,
/// named by the environment.
final class ExamplePlace: @unchecked Sendable {
  let folder: String
  let bus: OperatedBus
  private let broker: KafkaBroker?
  private var processes: [Chatd]
  let environment: [String: String]

  private init(_ folder: String, _ bus: OperatedBus, _ broker: KafkaBroker?, _ chatd: Chatd) throws {
    self.folder = folder
    self.bus = bus
    self.broker = broker
    processes = [chatd]
    var environment = [
      "PATH": "\(try TestProcess.products):/usr/local/bin:/usr/bin:/bin", "HOME": "\(folder)/home", "PWD": folder,
      "CHATD_EMBEDDED": ".chatd", "CHATD_URL": chatd.url, "CHATCTL_CONFIG": "\(folder)/contexts.yaml",
      // For 'postgresql:///chat' and psql: the socket's folder is the server's.
      "PGHOST": "\(folder)/.chatd/run", "PGUSER": "chatd", "DSN": "dbname=chat",
      "FUNCTIONS": "\(ExampleTranscript.folder)/functions.sh", "CHATD_BUS": bus.rawValue,
    ]
    if let broker { environment["CHATD_KAFKA"] = broker.address }
    self.environment = environment
  }

  static func with(
    _ bus: OperatedBus, _ body: @escaping @Sendable (ExamplePlace) async throws -> Void
  ) async throws {
    let folder = try TemporaryFolder.make()
    let broker = bus == .kafka ? try await KafkaBroker.start(in: "\(try TemporaryFolder.make())/kafka") : nil
    var options = ["--bus", bus.rawValue]
    if let broker { options += ["--kafka", broker.address] }
    let chatd = try await Chatd.start(
      [
        "all", "--embedded", "\(folder)/.chatd", "--loops", "1", "--log-level", "warning", "--encryption-mode",
        "conversation",
      ] + options)
    let place = try ExamplePlace(folder, bus, broker, chatd)
    do {
      try place.furnish(chatd.url)
      try await body(place)
      await place.end()
    } catch {
      await place.end()
      throw error
    }
  }

  private func furnish(_ url: String) throws {
    for name in ["home", "values"] { mkdir("\(folder)/\(name)", 0o755) }
    try FileText.write(
      """
      apiVersion: chatd/v1
      kind: Config
      spec:
        contexts:
          local: {embedded: \(folder)/.chatd, url: "\(url)"}
          production: {embedded: \(folder)/.chatd, url: "\(url)"}

      """, to: "\(folder)/contexts.yaml")
  }

  /// Another process of the installation, a gateway whose admin listener is on a port.
  func startGateway() async throws {
    let admin = try FreePort.pick(1)
    let place = try EmbeddedPlace("\(folder)/.chatd")
    let gateway = try await Chatd.start([
      "gateway", "--postgres", place.postgresConnectionString, "--redis", "unix://\(place.redisSocket)", "--secrets",
      place.secrets, "--loops", "1", "--log-level", "warning", "--admin-listen", "127.0.0.1:\(admin)",
    ])
    processes.append(gateway)
    try FileText.write("http://127.0.0.1:\(admin)", to: "\(folder)/values/gateway-admin")
    try FileText.write("\(gateway.process.pid)", to: "\(folder)/values/gateway-pid")
  }

  func stopChatd() async {
    for chatd in processes.reversed() { _ = try? await chatd.process.stop() }
    processes = []
  }

  private func end() async {
    await stopChatd()
    _ = try? await broker?.kill()
  }

  // MARK: Lines

  /// Runs lines of functions.sh's bash; throws unless all of them succeed.
  func prepare(_ lines: [String], _ what: String) async throws {
    guard !lines.isEmpty else { return }
    let script = "source \"$FUNCTIONS\"\n" + lines.joined(separator: "\n")
    let result = try await TestProcess.run(
      "/bin/bash", ["-c", script], environment: environment, directory: folder)
    guard result.exit == .code(0) else {
      throw TestFailure("\(what): \(result.exit)\n\(lines.joined(separator: "\n"))\n\(result.output)")
    }
  }

  /// Runs an example as its entry says; the line that it became, its exit and what it wrote.
  func run(
    _ entry: ExampleTranscript.Entry
  ) async throws -> (line: String, exit: TestProcess.Exit, output: String) {
    var line = entry.line
    for (text, file) in entry.stands {
      let value = try FileText.read("\(folder)/values/\(file)").split(separator: "\n").first.map(String.init) ?? ""
      line = line.replacing(text, with: value)
    }
    let limit = Duration.seconds(90)
    if let answer = entry.answer {
      let terminal = try await TestTerminal.start(line, environment: environment, directory: folder)
      try await terminal.wait(for: "? ")
      terminal.type("\(answer)\n")
      return (line, try await terminal.waitForExit(within: limit), terminal.output)
    }
    let words = entry.shell == "bash" ? ["-c", line] : ["-f", "-c", "fpath=($HOME/zsh $fpath); \(line)"]
    let process = try await TestProcess.start(
      "/bin/\(entry.shell)", words, environment: environment, directory: folder)
    if let text = entry.until {
      try await process.waitForLine(containing: text, within: limit)
      process.signal(SIGINT)
    }
    return (line, try await process.waitForExit(within: limit), process.output)
  }

  func has(_ program: String) -> Bool {
    ["/usr/local/bin", "/usr/bin", "/bin"].contains { access("\($0)/\(program)", X_OK) == 0 }
  }
}
