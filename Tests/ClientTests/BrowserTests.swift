import Glibc
import TestSupport
import Testing

/// The pages in a real browser: Debian's Chromium, without a window.
@Suite(
  "The pages in Chromium", .serialized, .enabled("chromium and node are installed") { OfficialClients.canRunBrowser })
struct BrowserTests {
  private static func environment(_ url: String) -> [String: String] {
    var environment = ["CHAT_URL": url]
    environment["CHROMIUM"] = OfficialClients.program("chromium")
    // Where to put pictures of what there is to see, for who wants to look.
    environment["SCREENSHOTS"] = getenv("SCREENSHOTS").map { String(cString: $0) }
    return environment
  }

  @Test("/docs shows every operation, logs in, and tries requests with the token")
  func docs() async throws {
    let stack = try await ClientStack.shared
    try await runScript(
      OfficialClients.program("node") ?? "node", ["\(Checkout.javaScript)/docs.mjs"],
      environment: Self.environment(stack.api.url))
  }

  @Test(
    "the web client: two people sign up and talk, live, on a desk and a phone, and go on after a restart",
    arguments: [SIGTERM, SIGKILL])
  func client(signal: Int32) async throws {
    try await ClientStack.withInstallation { installation in
      let chatd = try await installation.start("all")
      let script = ["\(Checkout.javaScript)/web.mjs"]
      let process = try await TestProcess.start(
        OfficialClients.program("node") ?? "node", script, environment: Self.environment(chatd.url))
      do {
        _ = try await process.waitForLine(containing: "RESTART", within: .seconds(120))
      } catch {
        process.signal(SIGKILL)
        _ = try? await chatd.process.stop()
        throw TestFailure("web.mjs: \(error)\n\(process.output)")
      }
      chatd.process.signal(signal)
      #expect(try await chatd.process.waitForExit() == (signal == SIGKILL ? .signal(SIGKILL) : .code(0)))
      _ = try await process.waitForLine(containing: "WRITTEN", within: .seconds(60))
      let again = try await chatd.startAgain()
      try await expectDone(process, script)
      try await again.process.stop()
    }
  }
}
