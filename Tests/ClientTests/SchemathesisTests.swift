import JSON
import TestSupport
import Testing

/// schemathesis reads `/openapi.json` and asks for what it says, rightly and wrongly.
@Suite(
  "The description by schemathesis",
  .enabled("schemathesis is installed") { await OfficialClients.canRunSchemathesis() })
struct SchemathesisTests {
  @Test(
    "no request is answered with what the description does not say, nor with a fault of ours, nor taken though it is wrong"
  )
  func everything() async throws {
    let stack = try await ClientStack.shared
    let token = try await register(stack)
    try await run(stack, token, ["--exclude-operation-id", "logout"])
    // What ends the session that asks comes last.
    try await run(stack, token, ["--include-operation-id", "logout"])
  }

  private func register(_ stack: ClientStack) async throws -> String {
    let result = try await TestProcess.run(
      OfficialClients.program("curl") ?? "curl",
      ["-s", "\(stack.api.url)/api/auth/register", "-d", #"{"username":"schemathesis","password":"correct horse"}"#])
    guard let token = try JSONDocument(parsing: Array(result.output.utf8)).root["accessToken"]?.string else {
      throw TestFailure("not registered: \(result.output)")
    }
    return token
  }

  private func run(_ stack: ClientStack, _ token: String, _ selection: [String]) async throws {
    let program = try #require(await OfficialClients.schemathesis.value)
    let folder = try TemporaryFolder.make()
    let result = try await TestProcess.run(
      program,
      [
        "--config-file", "\(Checkout.python)/schemathesis.toml", "run", "\(stack.api.url)/openapi.json",
        "-H", "Authorization: Bearer \(token)", "--phases", "examples,coverage,fuzzing", "--suppress-health-check",
        "all",
        "--warnings", "off",
      ] + selection, directory: folder, within: .seconds(420))
    let report = result.output.split(separator: "\n").map { $0.prefix(400) }.joined(separator: "\n")
    #expect(result.exit == .code(0), "\(report)")
  }
}
