import TestSupport
import Testing

/// The WebSocket protocol itself, by the conformance server's echo: frames written by hand, as the Autobahn suite has
/// them, then the clients of other people with all that permessage-deflate can be asked for.
@Suite("The WebSocket echo", .serialized, .timeLimit(.minutes(5)))
struct WebSocketTests {
  private func withServer(
    _ flags: [String], _ body: (_ url: String) async throws -> Void
  ) async throws {
    let server = try await TestProcess.start("ConformanceServer", ["websocket", "--port", "0"] + flags)
    let line = try await server.waitForLine(containing: "listening")
    let port = try #require(line.split(separator: ":").last.flatMap { UInt16($0) })
    try await body("http://127.0.0.1:\(port)")
    try await server.stop()
  }

  private func expectSuccess(_ program: String, _ arguments: [String]) async throws {
    let (exit, output) = try await TestProcess.run(program, arguments, within: .seconds(240))
    let failures = output.split(separator: "\n").filter { !$0.hasPrefix("ok ") }
    #expect(exit == .code(0), "\(failures.joined(separator: "\n"))")
    #expect(output.contains(" cases, 0 failures"))
  }

  @Test(
    "passes every case of raw frames and of the websockets package, compressed and plain",
    .enabled("Python is there") { await OfficialClients.canRunPython() }, arguments: [[], ["--deflate"]])
  func python(flags: [String]) async throws {
    let python = await OfficialClients.python.value ?? "python3"
    try await withServer(flags) { url in
      try await expectSuccess(python, ["\(Checkout.root)/Tests/Scripts/websocket.py", url, "--package"] + flags)
    }
  }

  @Test(
    "speaks with node's ws, compressed and plain",
    .enabled("node is there") { await OfficialClients.canRunJavaScript() }, arguments: [[], ["--deflate"]])
  func node(flags: [String]) async throws {
    let modules = await OfficialClients.nodeModules.value ?? ""
    try await withServer(flags) { url in
      try await expectSuccess(
        OfficialClients.program("node") ?? "node",
        ["\(Checkout.root)/Tests/Scripts/deflate.mjs", url, modules] + flags)
    }
  }
}
