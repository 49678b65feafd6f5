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
}
