import Glibc
import Networking
import SocketIO
import TestSupport
import Testing

/// Where node and the official clients are, if they are.
enum Node {
  static let program: String? = {
    guard let path = getenv("PATH") else { return nil }
    return String(cString: path).split(separator: ":").map { "\($0)/node" }.first { access($0, X_OK) == 0 }
  }()

  /// The package's root.
  static let root = #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" }

  static let modules: String? = {
    var places = ["\(root)/Tests/ClientTests/node_modules"]
    if let named = getenv("CHATD_TEST_NODE_MODULES") { places.append(String(cString: named)) }
    places.append("\(root)/../shared/clients/node_modules")
    return places.first { access("\($0)/socket.io-client/package.json", R_OK) == 0 }
  }()

  static var isThere: Bool { program != nil && modules != nil }

  /// Runs a script of `Tests/Scripts` against a server and expects every case of it to pass.
  static func run(_ script: String, port: UInt16) async throws {
    let (exit, output) = try await TestProcess.run(
      program ?? "", ["\(root)/Tests/Scripts/\(script)", "http://127.0.0.1:\(port)", modules ?? ""],
      within: .seconds(60))
    let failures = output.split(separator: "\n").filter { !$0.hasPrefix("ok ") }
    #expect(exit == .code(0), "\(failures.joined(separator: "\n"))")
    #expect(output.contains(" cases, 0 failures"))
  }
}

@Suite(
  "The scripts of the protocol",
  .enabled(
    if: Node.isThere,
    "SKIPPED: node, or socket.io-client in Tests/ClientTests/node_modules or $CHATD_TEST_NODE_MODULES, is missing"),
  .serialized, .timeLimit(.minutes(3)))
struct ScriptTests {
  /// The settings that the scripts count on.
  private var configuration: SocketIOConfiguration {
    var configuration = SocketIOConfiguration()
    configuration.engine.cors = CORSPolicy(.any)
    configuration.engine.pingInterval = .milliseconds(300)
    configuration.engine.pingTimeout = .milliseconds(200)
    configuration.connectTimeout = .milliseconds(1000)
    return configuration
  }

  /// A mode of the conformance server, and how often it pings: the script asks what suits that.
  private static let quick = ["--ping-interval", "300", "--ping-timeout", "200"]
  private static let calm = ["--ping-interval", "25000", "--ping-timeout", "20000"]
  private static let modes = [["engineio"] + quick, ["engineio"] + calm, ["socketio"] + quick]

  @Test("pass against the conformance server, compressed too", arguments: modes, [[], ["--deflate"]])
  func conformance(arguments: [String], flags: [String]) async throws {
    let mode = arguments[0]
    let server = try await TestProcess.start(
      "ConformanceServer",
      arguments + ["--port", "0", "--max-payload", "1000000", "--connect-timeout", "1000"] + flags)
    let line = try await server.waitForLine(containing: "listening")
    let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
    try await Node.run("\(mode).mjs", port: port)
    try await server.stop()
  }

  @Test("pass against servers on several loops")
  func loops() async throws {
    try await SocketIOFixture.with(loops: 2, configuration) { fixture in
      try await Node.run("socketio.mjs", port: fixture.sharedPort)
    }
  }

  @Test("are passed by the official client, whatever its transport, on several loops")
  func officialClient() async throws {
    var configuration = configuration
    // A busy machine must not look like a lost client.
    configuration.engine.pingTimeout = .seconds(5)
    try await SocketIOFixture.with(loops: 2, configuration) { fixture in
      try await Node.run("clients.mjs", port: fixture.sharedPort)
      try await eventually("the end of every session") {
        for server in fixture.servers {
          guard try await server.loop.submit({ server.transportCount + server.socketCount }) == 0 else { return false }
        }
        return true
      }
    }
  }
}
