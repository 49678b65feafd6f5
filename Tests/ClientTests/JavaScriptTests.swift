import Glibc
import TestSupport
import Testing

@Suite(
  "The official JavaScript clients", .serialized,
  .enabled("node and the official clients are installed") { await OfficialClients.canRunJavaScript() })
struct JavaScriptTests {
  private func run(_ script: String, _ arguments: [String] = []) async throws {
    let stack = try await ClientStack.shared
    let node = OfficialClients.program("node") ?? "node"
    try await runScript(
      node, ["\(try await OfficialClients.workspace())/\(script)"] + arguments, environment: stack.environment)
  }

  @Test(
    "connect, join, send both ways, typing, leave, binary and bad tokens",
    arguments: ["polling", "websocket", "polling+websocket", "websocket+polling"])
  func transports(transports: String) async throws {
    try await run("transports.mjs", [transports])
  }

  @Test(
    "come back by themselves after a cut and a restart, and lack nothing",
    arguments: ["polling", "websocket", "polling+websocket"], [SIGTERM, SIGKILL])
  func resume(transports: String, signal: Int32) async throws {
    try await ClientStack.with { stack in
      let arguments = ["\(try await OfficialClients.workspace())/resume.mjs", transports]
      let process = try await TestProcess.start(
        OfficialClients.program("node") ?? "node", arguments, environment: stack.environment)
      _ = try await process.waitForLine(containing: "RESTART", within: .seconds(60))
      let before = stack.gateways[0]
      before.process.signal(signal)
      #expect(try await before.process.waitForExit() == (signal == SIGKILL ? .signal(SIGKILL) : .code(0)))
      let after = try await before.startAgain()
      #expect(after.process.pid != before.process.pid)
      try await expectDone(process, arguments)
      try await after.process.stop()
    }
  }

  @Test("members on two gateways, one polling and one on WebSocket, get the same in the same order")
  func gateways() async throws {
    try await run("gateways.mjs")
  }

  @Test("the official emitter and the reference server with its Redis adapter share the rooms")
  func emitter() async throws {
    try await run("emitter.mjs")
  }

  @Test("a reference server and the gateways answer each other's requests: sockets, rooms, joins, acknowledgements")
  func adapter() async throws {
    try await ClientStack.with { stack in
      let arguments = ["\(try await OfficialClients.workspace())/adapter.mjs"]
      try await runScript(
        OfficialClients.program("node") ?? "node", arguments, environment: stack.environment)
    }
  }

  @Test("ninety clients over all transports, some cut now and then, each get everything once")
  func crowd() async throws {
    try await run("crowd.mjs")
  }
}
