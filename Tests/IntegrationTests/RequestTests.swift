import JSON
import Networking
import TestSupport
import Testing

/// What is wrong with a request before anybody asks what it is about.
@Suite("HTTP requests that are not right")
struct RequestTests {
  @Test(
    "a body that is no JSON object is a problem",
    arguments: [
      "", "{", "[]", "null", "\"x\"", "{\"username\":}", "{\"a\":1}x", "\u{1}", "{\"username\":\"\u{1}\"}",
      String(repeating: "[", count: 10_000), #"{"username":"\ud800"}"#, "{'a':1}", "{\"a\":01}",
    ])
  func malformed(body: String) async throws {
    try await withStack { stack in
      let answer = try await stack.client().request("POST", "/api/auth/login", bytes: Array(body.utf8))
      #expect(try ProblemAnswer(answer, 400).code == "invalid_request")
    }
  }

  @Test("a body that is not UTF-8 is a problem")
  func notUTF8() async throws {
    try await withStack { stack in
      let answer = try await stack.client().request(
        "POST", "/api/auth/login", bytes: Array("{\"username\":\"".utf8) + [0xff, 0xfe, 0xc0, 0x80] + Array("\"}".utf8))
      #expect(try ProblemAnswer(answer, 400).code == "invalid_request")
    }
  }

  @Test("a body beyond the limit is refused, and the server lives on")
  func hugeBody() async throws {
    try await withStack { stack in
      let socket = try await RawSocket.connect(to: stack.api.port, stack.loop)
      socket.write(
        "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n"
      )
      let answer = try await APIClient.answer(on: socket, hasBody: true, within: .seconds(10))
      #expect(answer.status == 413)
      #expect(try await stack.client().get("/health").status == 200)
    }
  }

  @Test("an unknown route is 404, a wrong method 405 with Allow, and both are problems")
  func routes() async throws {
    try await withStack { stack in
      let unknown = [
        "/web", "/api", "/api/nothing", "/api/messages/../../etc/passwd", "/%2e%2e/x", "/api/auth/register/x",
      ]
      for path in unknown {
        #expect(try ProblemAnswer(try await stack.client().get(path), 404).code == "not_found", "\(path)")
      }
      for (method, path, allowed) in [
        ("GET", "/api/messages", "POST"), ("PUT", "/api/conversations", "GET"), ("DELETE", "/api/users/me", "GET"),
        ("PATCH", "/health", "GET"),
      ] {
        let answer = try await stack.client().request(method, path)
        _ = try ProblemAnswer(answer, 405)
        #expect(answer.headers["allow"]?.contains(allowed) == true, "\(method) \(path)")
      }
      let head = try await stack.client().request("HEAD", "/health")
      #expect(head.status == 200)
      #expect(head.headers["content-length"] != nil)
    }
  }

  @Test("an identifier that is none names the parameter")
  func badIdentifier() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      for path in ["/api/conversations/7", "/api/conversations/7/messages", "/api/conversations/%00"] {
        let answer = try await ann.api.get(path)
        #expect(answer.status == 400 || answer.status == 404, "\(path): \(answer.status)")
        #expect(answer.headers["content-type"] == "application/problem+json", "\(path)")
      }
    }
  }

  @Test(
    "requests that could be understood in two ways are refused and the connection is closed",
    arguments: [
      "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
      "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}",
      "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
      "GET /health HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost : x\r\n\r\n",
      "GET /health HTTP/1.1\r\n\r\n",
      "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET  /health HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /health HTTP/3.0\r\nHost: x\r\n\r\n",
      "\u{0}\u{1}\u{2}\r\n\r\n",
    ])
  func ambiguous(request: String) async throws {
    try await withStack { stack in
      let socket = try await RawSocket.connect(to: stack.api.port, stack.loop)
      socket.write(request)
      let answer = try await socket.readToEnd()
      #expect(answer.hasPrefix("HTTP/1.1 4") || answer.hasPrefix("HTTP/1.1 5"), "\(answer.prefix(60))")
      #expect(answer.components(of: "\r\nHTTP/1.1 ") == 0, "one answer and no second one: \(answer)")
    }
  }

  @Test("a head that never ends is cut off")
  func endlessHead() async throws {
    try await withStack { stack in
      let socket = try await RawSocket.connect(to: stack.api.port, stack.loop)
      socket.write("GET /health HTTP/1.1\r\nHost: x\r\n")
      for index in 0..<4000 where !socket.isEnded {
        socket.write("X-\(index): \(String(repeating: "y", count: 100))\r\n")
        if index % 100 == 0 { try await stack.loop.sleep(for: .milliseconds(1)) }
      }
      let answer = try await socket.readToEnd()
      #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 431") || answer.hasPrefix("HTTP/1.1 400"))
    }
  }

  @Test("pipelined requests are answered in their order")
  func pipelining() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let socket = try await RawSocket.connect(to: stack.api.port, stack.loop)
      var requests = ""
      for index in 0..<50 {
        let body = #"{"conversationId":"\#(id)","body":"p\#(index)"}"#
        requests +=
          "POST /api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(ann.token)\r\n"
          + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
      }
      socket.write(requests)
      for index in 0..<50 {
        let answer = try await APIClient.answer(on: socket, hasBody: true, within: .seconds(10)).expect(201)
        #expect(try answer.string("body") == "p\(index)")
      }
      socket.close()
    }
  }

  @Test("a request that comes byte by byte is understood")
  func byteByByte() async throws {
    try await withStack { stack in
      let socket = try await RawSocket.connect(to: stack.api.port, stack.loop)
      for byte in "GET /health HTTP/1.1\r\nHost: x\r\n\r\n".utf8 {
        socket.write([byte])
        try await stack.loop.sleep(for: .microseconds(200))
      }
      #expect(try await APIClient.answer(on: socket, hasBody: true, within: .seconds(10)).status == 200)
      socket.close()
    }
  }

  @Test("each role serves what is its own")
  func roles() async throws {
    try await withStack { stack in
      for (process, role) in [(stack.api, "api"), (stack.gateways[0], "gateway")] {
        let health = try await APIClient(port: process.port, loop: stack.loop).get("/health").expect(200)
        #expect(try health.string("role") == role)
        #expect(try health.string("status") == "ok")
      }
      let gateway = APIClient(port: stack.gateways[0].port, loop: stack.loop)
      #expect(try await gateway.post("/api/auth/login", [:]).status == 404)
      #expect(try await stack.client().get("/socket.io/?EIO=4&transport=polling").status == 404)
    }
  }
}

extension String {
  /// How often `part` occurs.
  fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
