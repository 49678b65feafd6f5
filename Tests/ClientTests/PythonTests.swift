import TestSupport
import Testing

@Suite(
  "python-socketio", .enabled("python-socketio is installed") { await OfficialClients.canRunPython() })
struct PythonTests {
  @Test(
    "connects, sends, receives, is cut and resumes", arguments: ["websocket", "polling", "polling+websocket"])
  func scenario(transports: String) async throws {
    let python = await OfficialClients.python.value ?? "python3"
    try await runScript(
      python, ["\(Checkout.python)/scenario.py", transports], environment: try await ClientStack.shared.environment)
  }
}
