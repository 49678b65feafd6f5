import ChatKit
import Glibc
import JSON
import Networking
import TestSupport
import Testing

/// A chatd with everything, and its admin listener.
struct Observed: Sendable {
  let chatd: Chatd
  let adminPort: UInt16

  static func start(_ arguments: [String], environment: [String: String] = [:]) async throws -> Observed {
    let chatd = try await Chatd.start(arguments + ["--admin-listen", "127.0.0.1:0"], environment: environment)
    let line = try await chatd.process.waitForLine(containing: "metrics and readiness on 127.0.0.1:")
    guard let at = line.firstRange(of: "readiness on 127.0.0.1:"),
      let port = UInt16(line[at.upperBound...].prefix { $0.isNumber })
    else { throw TestFailure("no admin address in '\(line)'") }
    return Observed(chatd: chatd, adminPort: port)
  }

  func admin(_ loop: EventLoop) -> APIClient { APIClient(port: adminPort, loop: loop) }
}

@Suite("Metrics")
struct MetricsTests {
  /// The value of the sample that begins with `name`.
  private func value(_ name: String, in text: String) -> Double? {
    text.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
      Double($0.split(separator: " ").last ?? "")
    }
  }

  /// Registers, sends three messages to a socket and one request that is refused.
  private func use(_ observed: Observed, _ loop: EventLoop) async throws {
    let ann = try await Stack.register(
      Stack.uniqueName("ann"), with: APIClient(port: observed.chatd.port, loop: loop))
    let id = try await ann.api.post("/api/conversations", ["type": "group", "title": "t"]).expect(201).string("id")
    let socket = try await SocketClient.connect(to: observed.chatd.port, token: ann.token, loop: loop)
    #expect(try await socket.join(id)["ok"]?.bool == true)
    for number in 1...3 {
      try await ann.api.post("/api/messages", ["conversationId": .string(id), "body": "hello"]).expect(201)
      _ = try await socket.next("message:new") { $0["seq"]?.int == number }
    }
    try await ann.api.get("/api/conversations/\(UUIDs.unknown)").expect(404)
    try await ann.api.get("/nothing/of/the/kind").expect(404)
    _ = try await socket.emit("no:such:event", [:])
  }

  private enum UUIDs { static let unknown = "01890000-0000-7000-8000-000000000000" }

  @Test("promtool finds nothing wrong, every metric is documented, and they say what has happened")
  func metrics() async throws {
    let folder = "\(try TemporaryFolder.make())/data"
    let observed = try await Observed.start(["all", "--embedded", folder, "--loops", "2"])
    let (text, open) = try await withLoop { loop in
      try await use(observed, loop)
      var text = ""
      // The bus is looked at every few seconds, and a publish is acknowledged after its message was delivered.
      try await eventually("all metrics") {
        let answer = try await observed.admin(loop).get("/metrics").expect(200)
        #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        text = answer.text
        return text.contains("chatd_bus_lag_events{")
          && value("chatd_bus_published_total{by=\"writer\"}", in: text) ?? 0 >= 3
      }
      let open = try await observed.admin(loop).get("/metrics", headers: ["Accept": "application/openmetrics-text"])
      #expect(open.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8")
      return (text, open.text)
    }
    #expect(open.hasSuffix("\n# EOF\n"))
    #expect(value("chatd_messages_stored_total", in: text) == 3)
    #expect(value("chatd_messages_delivered_total", in: text) == 3)
    #expect(value("chatd_message_delivery_seconds_count", in: text) == 3)
    for hop in ["store", "publish", "consume", "emit", "deliver"] {
      #expect(value("chatd_message_hop_seconds_count{hop=\"\(hop)\"}", in: text) ?? 0 >= 3, "\(hop)")
    }
    let sent = #"chatd_http_requests_total{method="POST",route="/api/messages",status="2xx"}"#
    #expect(value(sent, in: text) == 3)
    #expect(value(#"chatd_http_requests_total{method="any",route="none",status="4xx"}"#, in: text) == 1)
    #expect(value(#"chatd_errors_total{surface="http",code="not_found"}"#, in: text) == 1)
    #expect(value(#"chatd_errors_total{surface="socket",code="invalid_request"}"#, in: text) == 1)
    #expect(value(#"chatd_socket_event_duration_seconds_count{event="unknown"}"#, in: text) == 1)
    #expect(value(#"chatd_postgres_query_duration_seconds_count{query="select send_messages"}"#, in: text) ?? 0 >= 1)
    #expect(value("chatd_password_queue", in: text) == 0)
    #expect(value("chatd_loops_unresponsive", in: text) == 0)
    #expect(value("process_open_fds", in: text) ?? 0 > 5)
    #expect(abs((value("process_start_time_seconds", in: text) ?? 0) - Double(time(nil))) < 600)
    try await checkWithPromtool(text)
    try checkDocumentation(text)
    // The default with --embedded is a socket that only our own account may open.
    try await observed.chatd.process.stop()
  }

  private func checkWithPromtool(_ text: String) async throws {
    let file = "\(try TemporaryFolder.make())/metrics.txt"
    try FileText.write(text, to: file)
    let checked = try await TestProcess.run("/bin/sh", ["-c", "promtool check metrics <\(file)"])
    #expect(checked.exit == .code(0), "\(checked.output)")
    #expect(checked.output == "", "\(checked.output)")
  }

  /// docs/OBSERVABILITY.md lists what there is: name, type and help of each, and nothing else.
  private func checkDocumentation(_ text: String) throws {
    let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    let page = try FileText.read("\(folder)/docs/OBSERVABILITY.md")
    var helps: [String: String] = [:]
    var rows: Set<String> = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", maxSplits: 3).map(String.init)
      if line.hasPrefix("# HELP ") { helps[words[2]] = words[3] }
      if line.hasPrefix("# TYPE ") { rows.insert("| `\(words[2])` | \(words[3]) | \(helps[words[2]] ?? "") |") }
    }
    let documented = Set(
      page.split(separator: "\n").map(String.init).filter {
        ($0.hasPrefix("| `chatd_") || $0.hasPrefix("| `process_")) && $0.split(separator: "|").count == 3 + 0
      })
    #expect(rows.subtracting(documented).sorted() == [], "not documented")
    #expect(documented.subtracting(rows).sorted() == [], "documented, and not there")
  }

  @Test("a Unix socket of our own account is the admin listener of --embedded")
  func unixSocket() async throws {
    let folder = "\(try TemporaryFolder.make())/data"
    let chatd = try await Chatd.start(["all", "--embedded", folder, "--loops", "1"])
    var status = stat()
    #expect(stat("\(folder)/admin.sock", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    let answer = try await TestProcess.run(
      "/bin/sh", ["-c", "curl -s --unix-socket \(folder)/admin.sock http://chatd/livez"])
    #expect(answer.output == #"{"status":"ok"}"#)
    #expect(try await chatd.process.stop() == .code(0))
    #expect(stat("\(folder)/admin.sock", &status) != 0, "the socket's file is left behind")
  }

  @Test("rules and board are well-formed, and name no metric that there is not")
  func rulesAndBoard() async throws {
    let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    let rules = "\(folder)/manifests/prometheus/chatd.rules.yaml"
    let checked = try await TestProcess.run("promtool".inPath, ["check", "rules", rules])
    #expect(checked.exit == .code(0), "\(checked.output)")
    let tested = try await TestProcess.run(
      "promtool".inPath, ["test", "rules", "\(folder)/manifests/prometheus/chatd.rules.test.yaml"])
    #expect(tested.exit == .code(0), "\(tested.output)")
    let board = try FileText.read("\(folder)/manifests/grafana/chatd.json")
    _ = try JSONDocument(parsing: Array(board.utf8))
    let page = try FileText.read("\(folder)/docs/OBSERVABILITY.md")
    for text in [try FileText.read(rules), board] {
      for name in Self.names(in: text) { #expect(page.contains("| `\(name)` |"), "\(name)") }
    }
  }

  /// Metrics that expressions name, without the suffixes of a histogram's samples.
  private static func names(in text: String) -> Set<String> {
    var names: Set<String> = []
    for word in text.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") })
    where word.hasPrefix("chatd_") {
      var name = String(word)
      for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
      names.insert(name)
    }
    return names
  }
}

extension String {
  /// The program of this name.
  fileprivate var inPath: String { "/usr/bin/\(self)" }
}
