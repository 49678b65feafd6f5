import TestSupport
import Testing

@Suite("chatctl")
struct ChatctlTests {
  @Test("a wrong command, a missing option and a dead database are a line each and an exit code")
  func mistakes() async throws {
    let wrong = try await TestProcess.run("chatctl", ["migrat", "up"])
    #expect(wrong.exit == .code(64))
    #expect(wrong.output.contains("migrate"))
    let missing = try await TestProcess.run("chatctl", ["migrate", "up"])
    #expect(missing.exit == .code(64))
    #expect(missing.output.contains("--postgres"))
    let told = try await TestProcess.run("chatctl", ["migrate", "up", "--postgres", "postgresql://a:hunter2@db/x"])
    #expect(told.exit == .code(64))
    #expect(told.output.contains("--postgres-password-file") && !told.output.contains("hunter2"))
    let secret = try await TestProcess.run(
      "chatctl", ["migrate", "up", "--postgres", "host=/nonexistent", "--postgres-password-file", "/nonexistent"])
    #expect(secret.exit == .code(65))
    #expect(secret.output == "chatctl: postgres.password: there is no file /nonexistent\n")
    let dead = try await TestProcess.run("chatctl", ["migrate", "up", "--postgres", "host=/nonexistent"])
    #expect(dead.exit == .code(69))
    #expect(dead.output.contains("PostgreSQL"))
  }

  @Test("an embedded folder wins over what is said with less weight, and gives way to what is said with more")
  func weight() async throws {
    try await ExamplePlace.with(.redis) { place in
      let nowhere = [
        "CHATD_POSTGRES": "host=/nonexistent", "CHATD_REDIS": "rediss://127.0.0.1:1/3", "CHATD_SECRETS": "x",
      ]
      for (words, environment, code) in [
        (["user", "create", "ann", "--embedded", ".chatd"], nowhere, Int32(0)),
        // Needs Redis, then the keys, then the admin listener.
        (["user", "kick", "ann", "--embedded", ".chatd"], nowhere, 0),
        (["user", "token", "ann", "--embedded", ".chatd"], nowhere, 0),
        (["wait", "http", "--embedded", ".chatd"], ["CHATD_ADMIN_URL": "http://127.0.0.1:1"], 0),
        (["user", "get", "ann", "--postgres", "host=/nonexistent"], [:], 69),
        // Side by side, what is named wins.
        (["user", "get", "ann"], ["CHATD_POSTGRES": "host=/nonexistent"], 69),
      ] {
        let result = try await TestProcess.run(
          "chatctl", words, environment: place.environment.merging(environment) { $1 }, directory: place.folder)
        #expect(result.exit == .code(code), "\(words): \(result.output)")
        // With what the last attempt has failed of.
        if code == 69 { #expect(result.output.contains("/nonexistent"), "\(result.output)") }
      }
    }
  }
}
