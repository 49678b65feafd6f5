import JSON
import TestSupport
import Testing

@Suite("chatctl top")
struct ChatctlTopTests {
  @Test("in a pipe it says once how the nodes fare, and by name which it could not ask")
  func once() async throws {
    let folder = "\(try TemporaryFolder.make())/data"
    let chatd = try await Chatd.start(["all", "--embedded", folder, "--loops", "1", "--log-level", "warning"])
    let look = ["top", "--interval", "300ms", "--embedded", folder]
    let result = try await TestProcess.run("chatctl", look + ["-o", "json"])
    #expect(result.exit == .code(0), "\(result.output)")
    let node = try #require(try JSONDocument(parsing: result.output).root[0])
    #expect(node["role"]?.string == "all" && node["state"]?.string == "ok")
    #expect(node["node"]?.string?.hasSuffix(":\(chatd.process.pid)") == true)
    #expect(node["cpu"]?.double != nil && node["memory"]?.int ?? 0 > 1 << 20 && node["sockets"]?.int == 0)
    #expect(node["lag"]?.int != nil)

    let table = try await TestProcess.run("chatctl", look + ["/nonexistent", "\(folder)/admin.sock"])
    #expect(table.exit == .code(0))
    #expect(table.output.contains("NODE") && table.output.contains("/nonexistent") && table.output.contains("all"))
    let nobody = try await TestProcess.run("chatctl", ["top", "/nonexistent", "--interval", "200ms"])
    #expect(nobody.exit == .code(69))
    let unsaid = try await TestProcess.run("chatctl", ["top"])
    #expect(unsaid.exit == .code(64) && unsaid.output.contains("--admin-url"))
    #expect(try await chatd.process.stop() == .code(0))
  }
}
