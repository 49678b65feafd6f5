import ChatKit
import Glibc
import JSON
import Networking
import TestSupport
import Testing

/// Identifiers of requests and traces, from a request to the socket, and what the log says of them.
@Suite("Tracing")
struct TracingTests {
  private static let sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  private static let traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

  @Test("X-Request-Id is taken over where it is proper, made where it is not, and always answered")
  func requestIdentifier() async throws {
    try await withStack { stack in
      let client = stack.client()
      let given = try await client.get("/health", headers: ["X-Request-Id": "abc-DEF_1.2:3/4+5=6@7"])
      #expect(given.headers["x-request-id"] == "abc-DEF_1.2:3/4+5=6@7")
      let long = String(repeating: "x", count: 129)
      for wrong in ["two words", "\"quoted\"", "<script>", long, "caf\u{e9}"] {
        let answer = try await client.get("/health", headers: ["X-Request-Id": wrong])
        let made = answer.headers["x-request-id"] ?? ""
        #expect(
          made.utf8.count == 32
            && made.utf8.allSatisfy {
              ("0"..."9").contains(Character(Unicode.Scalar($0))) || ("a"..."f").contains(Character(Unicode.Scalar($0)))
            }, "\(wrong): \(made)")
      }
      // Errors have one too, and without one of the client's it is the trace's.
      let refused = try await client.get("/api/users/me", headers: ["traceparent": Self.sampled]).expect(401)
      #expect(refused.headers["x-request-id"] == Self.traceID)
      let bad = try await client.get("/health", headers: ["traceparent": Self.sampled.uppercased()])
      #expect(bad.headers["x-request-id"]?.utf8.count == 32 && bad.headers["x-request-id"] != Self.traceID)
    }
  }

  @Test("a trace that is kept reaches the receivers' sockets; of another the payload is as it always was")
  func toTheSocket() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let socket = try await stack.joined(ann, id, gateway: 1)
      func send(_ headers: [String: String]) async throws -> JSONValue {
        let seq = try await ann.api.post(
          "/api/messages", ["conversationId": .string(id), "body": "x"], headers: headers
        ).expect(201).int("seq")
        return try await socket.next("message:new") { $0["seq"]?.int == seq }
      }
      let kept = try await send(["traceparent": Self.sampled])["trace"]?.string ?? ""
      #expect(kept.hasPrefix("00-\(Self.traceID)-") && kept.hasSuffix("-01"), "\(kept)")
      #expect(!kept.contains("00f067aa0ba902b7"), "a step of its own")
      for headers in [[:], ["traceparent": String(Self.sampled.dropLast()) + "0"], ["traceparent": "nonsense"]] {
        let message = try await send(headers)
        #expect(message["trace"] == nil)
        #expect(
          Set(message.object?.map(\.key) ?? []) == [
            "id", "conversationId", "seq", "senderId", "senderName", "type", "body", "createdAt", "version",
          ])
      }
      // Over a socket: of the event, else of the handshake.
      let ack = try await socket.emit(
        "message:send", ["conversationId": .string(id), "body": "y", "traceparent": .string(Self.sampled)])
      #expect(ack["ok"]?.bool == true)
      let seq = ack["message"]?["seq"]?.int
      let message = try await socket.next("message:new") { $0["seq"]?.int == seq }
      #expect(message["trace"]?.string?.hasPrefix("00-\(Self.traceID)-") == true)
    }
  }

  @Test("at debug the hops of one message can be followed, and nothing secret is said")
  func debugLog() async throws {
    let folder = "\(try TemporaryFolder.make())/data"
    let chatd = try await Chatd.start([
      "all", "--embedded", folder, "--loops", "1", "--log-level", "debug", "--log-format", "json",
    ])
    let password = "correct horse battery staple"
    let secrets = try await withLoop { loop in
      let client = APIClient(port: chatd.port, loop: loop)
      let name = Stack.uniqueName("ann")
      let session = try await client.post(
        "/api/auth/register", ["username": .string(name), "password": .string(password)]
      ).expect(201)
      let token = try session.string("accessToken")
      let refresh = try session.string("refreshToken")
      try await client.post("/api/auth/login", ["username": .string(name), "password": "wrong horse"]).expect(401)
      let renewed = try await client.post("/api/auth/refresh", ["refreshToken": .string(refresh)]).expect(200)
      _ = try await client.get("/api/users/me?token=\(token)")
      client.token = token
      let id = try await client.post("/api/conversations", ["type": "group", "title": "t"]).expect(201).string("id")
      let socket = try await SocketClient.connect(to: chatd.port, token: token, loop: loop)
      _ = try await socket.join(id)
      let sent = try await client.post(
        "/api/messages", ["conversationId": .string(id), "body": "between us"],
        headers: ["traceparent": Self.sampled, "X-Request-Id": "request-1"]
      ).expect(201)
      _ = try await socket.next("message:new")
      let message = try sent.string("id")
      try await eventually("the hops") { chatd.process.output.contains("message delivered") }
      let lines = chatd.process.output.split(separator: "\n").filter { $0.hasPrefix("{") }
        .compactMap { try? JSONDocument(parsing: Array($0.utf8)).root }
      func line(_ text: String, _ key: String, _ value: String) -> JSONValue? {
        lines.first { $0["msg"]?.string == text && $0[key]?.string == value }
      }
      let stored = try #require(line("message stored", "message_id", message))
      #expect(stored["trace_id"]?.string == Self.traceID)
      #expect(stored["duration"]?.double ?? 0 > 0)
      let event = try #require(stored["event_id"]?.string)
      #expect(line("event consumed", "event_id", event)?["trace_id"]?.string == Self.traceID)
      #expect(line("message delivered", "conversation_id", id)?["trace_id"]?.string == Self.traceID)
      #expect(line("request answered", "request_id", "request-1")?["trace_id"]?.string == Self.traceID)
      return [
        password, "wrong horse", token, refresh, try renewed.string("accessToken"), try renewed.string("refreshToken"),
        "between us",
      ]
    }
    try await chatd.process.stop()
    let output = chatd.process.output
    for line in output.split(separator: "\n") {
      #expect(throws: Never.self, "\(line)") { try JSONDocument(parsing: Array(line.utf8)) }
    }
    #expect(output.contains(#""msg":"request answered""#))
    for secret in secrets { #expect(!output.contains(secret)) }
    // The signature is what makes a token one.
    for token in secrets {
      for part in token.split(separator: ".") where part.count > 30 { #expect(!output.contains(part)) }
    }
  }
}
