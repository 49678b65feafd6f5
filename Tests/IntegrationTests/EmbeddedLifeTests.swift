import ChatKit
import Glibc
import TestSupport
import Testing

/// `chatd all --embedded` as a process: what it leaves behind when it dies, and what the next one makes of it.
@Suite("chatd --embedded")
struct EmbeddedLifeTests {
  private func start(_ folder: String) async throws -> TestProcess {
    let port = try FreePort.pick()
    return try await TestProcess.start(
      "chatd", ["all", "--embedded", "\(folder)/data", "--listen", "127.0.0.1:\(port)"], directory: folder)
  }

  /// The processes whose working directory is within the folder: the servers' is their data.
  private func processes(in folder: String) -> [Int32] {
    FileTree.names(in: "/proc").compactMap { Int32($0) }.filter {
      FileTree.target(ofLink: "/proc/\($0)/cwd")?.hasPrefix("\(folder)/data/") == true
    }
  }

  @Test("a killed chatd takes its servers along, and the next one starts on their data")
  func killed() async throws {
    let folder = try TemporaryFolder.make()
    let first = try await start(folder)
    try await first.waitForLine(containing: "ready in")
    #expect(processes(in: folder).count >= 2)
    try await first.killNow()
    let second = try await start(folder)
    try await second.waitForLine(containing: "ready in")
    #expect(!second.output.contains("making a new database"))
    #expect(try await second.stop() == .code(0))
    #expect(processes(in: folder).isEmpty)
  }

  @Test("a second chatd on the folder ends with 75 and says who has it")
  func second() async throws {
    let folder = try TemporaryFolder.make()
    let first = try await start(folder)
    try await first.waitForLine(containing: "ready in")
    let second = try await start(folder)
    #expect(try await second.waitForExit() == .code(75))
    #expect(second.output.contains("pid \(first.pid)"))
    #expect(second.output.split(separator: "\n").count == 1)
    #expect(try await first.stop() == .code(0))
  }

  @Test("without anybody to start it again, a killed chatd leaves no process")
  func noOrphans() async throws {
    let folder = try TemporaryFolder.make()
    let process = try await start(folder)
    try await process.waitForLine(containing: "ready in")
    try await process.killNow()
    try await eventually("the end of the servers") { processes(in: folder).isEmpty }
  }
}
