import Glibc
import JSON
import TestSupport
import Testing

@Suite("chatctl load")
struct ChatctlLoadTests {
  private struct Run {
    let exit: TestProcess.Exit
    let output: String
    let folder: String

    var report: JSONValue {
      get throws { try JSONDocument(parsing: FileText.read("\(folder)/report.json")).root }
    }
    func metric(_ name: String) throws -> Double? { try report["metrics"]?[name]?.double }
  }

  private static let spec = """
    users: 20
    rooms: [{count: 4, members: 5}, {count: 1, members: 10}]
    stages: [{for: 1s, to: 80}, {for: 3s, rate: 80}]
    away: {from: 100ms, to: 500ms}
    drain: 60s
    """

  /// Runs a scenario against the installation that the tests share.
  private func load(_ spec: String, _ options: [String] = [], _ tool: Tool, _ stack: Stack) async throws -> Run {
    let folder = try TemporaryFolder.make()
    let indented = spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    try FileText.write(
      "apiVersion: chatd/v1\nkind: LoadScenario\nmetadata: {name: test}\nspec:\n\(indented)\n",
      to: "\(folder)/scenario.yaml")
    let installation = tool.installation
    let result = try await TestProcess.run(
      "chatctl",
      [
        "load", "run", "\(folder)/scenario.yaml", "--url", stack.api.url, "--socket-url",
        stack.gateways[0].url, "--postgres", installation.postgres, "--secrets", installation.secrets, "--json",
        "\(folder)/report.json", "--html", "\(folder)/report.html",
      ] + options, within: .seconds(120))
    return Run(exit: result.exit, output: result.output, folder: folder)
  }

  @Test("a mixed load with reconnects is measured and verified, its report written, and what it made removed")
  func mixed() async throws {
    try await withTool { stack, tool in
      let run = try await load(
        Self.spec
          + "\nmix: {send: 40, history: 5, inbox: 5, markRead: 10, typing: 10, reconnect: 10}\nsend: {via: socket}", [],
        tool, stack)
      #expect(run.exit == .code(0), "\(run.output)")
      #expect(run.output.contains("reached every member once, in order"))
      #expect(run.output.contains("delivery"))
      for operation in ["send", "history", "inbox", "markRead", "typing", "reconnect", "delivery"] {
        #expect(try run.metric("\(operation).count") ?? 0 > 0, "\(operation)")
        #expect(try run.metric("\(operation).p99") ?? 0 > 0, "\(operation)")
      }
      for fault in ["lost", "duplicates", "misordered", "mismatched"] { #expect(try run.metric(fault) == 0) }
      let report = try run.report
      #expect(report["ok"]?.bool == true && report["verification"]?["answered"]?.int ?? 0 > 50)
      #expect(report["timeline"]?["rows"]?.count ?? 0 >= 4)
      let page = try FileText.read("\(run.folder)/report.html")
      #expect(page.contains("<svg") && page.contains("Passed:") && !page.contains("<script"))

      let name = try #require(report["run"]?["id"]?.string)
      let left = try await tool.json(["load", "clean", name, "--dry-run"])
      #expect(left[0]?["users"]?.int == 20 && left[0]?["rooms"]?.int == 5)
      try await tool.run(["load", "clean", name, "--yes"])
      #expect(try await tool.run(["load", "clean", name, "--yes"], code: 1).contains("nothing is left of a run"))
      #expect(try await tool.json(["user", "list", "--prefix", "load-\(name)"]).count == 0)
    }
  }

  @Test("users are registered where only the API can be reached, and messages go over HTTP")
  func registered() async throws {
    try await withTool { stack, tool in
      let run = try await load(
        "users: 4\nrooms: [{count: 2, members: 3}]\nstages: [{for: 2s, rate: 20}]\ndrain: 60s",
        ["--users", "api", "--clean"],
        tool, stack)
      #expect(run.exit == .code(0), "\(run.output)")
      #expect(try run.metric("send.count") ?? 0 > 10)
      #expect(try run.metric("lost") == 0)
    }
  }

  @Test("a threshold that is crossed is 99 and says by how much; what is compared with it says what is worse")
  func thresholds() async throws {
    try await withTool { stack, tool in
      let crossed = try await load(Self.spec + "\nthresholds: [\"send.rate > 5000/s\"]", ["--clean"], tool, stack)
      #expect(crossed.exit == .code(99))
      #expect(crossed.output.contains("CROSSED: send.rate > 5000/s ("))
      let slower = try await load(
        Self.spec.replacing("rate: 80", with: "rate: 40"), ["--clean"], tool, stack)
      let files = ["\(crossed.folder)/report.json", "\(slower.folder)/report.json"]
      let worse = try await TestProcess.run("chatctl", ["load", "compare"] + files + ["--metric", "send.rate"])
      #expect(worse.exit == .code(1) && worse.output.contains("worse"), "\(worse.output)")
      let same = try await TestProcess.run("chatctl", ["load", "compare", files[0], files[0]])
      #expect(same.exit == .code(0) && !same.output.contains("worse"))
      let unknown = try await TestProcess.run("chatctl", ["load", "compare"] + files + ["--metric", "send.rat"])
      #expect(unknown.exit == .code(64) && unknown.output.contains("did you mean 'send.rate'?"))
    }
  }

  @Test("Ctrl-C ends a run, with its report")
  func interrupted() async throws {
    try await withTool { stack, tool in
      let folder = try TemporaryFolder.make()
      try FileText.write(
        """
        apiVersion: chatd/v1
        kind: LoadScenario
        metadata: {name: long}
        spec:
          users: 6
          rooms: [{count: 2, members: 3}]
          stages: [{for: 10m, rate: 20}]
        """, to: "\(folder)/scenario.yaml")
      let process = try await TestProcess.start(
        "chatctl",
        [
          "load", "run", "\(folder)/scenario.yaml", "--url", stack.api.url, "--socket-url", stack.gateways[0].url,
          "--postgres", tool.installation.postgres, "--secrets", tool.installation.secrets, "--json",
          "\(folder)/report.json", "--clean",
        ])
      let line = try await process.waitForLine(containing: "6 users in 2 rooms")
      let name = try #require(line.split(separator: " ").first { $0.hasSuffix(":") && $0.count == 7 }).dropLast()
      try await eventually {
        try await TestDatabase.sql(
          "SELECT 1 FROM conversations WHERE title = 'load-\(name)' AND last_seq > 3 LIMIT 1", database: "integration"
        ).hasPrefix("1")
      }
      process.signal(SIGINT)
      #expect(try await process.waitForExit() == .code(130))
      let report = try JSONDocument(parsing: FileText.read("\(folder)/report.json")).root
      #expect(report["run"]?["interrupted"]?.bool == true)
      #expect(report["verification"]?["answered"]?.int ?? 0 > 0 && report["verification"]?["lost"]?.int == 0)
    }
  }

  @Test("a scenario with a mistake says where, and nothing is done")
  func mistakes() async throws {
    try await withTool { stack, tool in
      let run = try await load(Self.spec + "\nthresholds: [\"delivery.p98 < 1s\"]", [], tool, stack)
      #expect(run.exit == .code(65))
      #expect(run.output.contains("scenario.yaml:10:16: "), "\(run.output)")
      #expect(run.output.contains("did you mean 'delivery.p9"))
    }
  }
}
