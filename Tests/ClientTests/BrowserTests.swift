import TestSupport
import Testing

/// The pages in a real browser: Debian's Chromium, without a window.
@Suite(
  "The pages in Chromium", .serialized, .enabled("chromium and node are installed") { OfficialClients.canRunBrowser })
struct BrowserTests {
  @Test("/docs shows every operation, logs in, and tries requests with the token")
  func docs() async throws {
    let stack = try await ClientStack.shared
    var environment = stack.environment
    environment["CHROMIUM"] = OfficialClients.program("chromium")
    try await runScript(
      OfficialClients.program("node") ?? "node", ["\(Checkout.javaScript)/docs.mjs"], environment: environment)
  }
}
