import HTTP
import Networking
import Testing

@Suite("A request whose body is still to come", .timeLimit(.minutes(1)))
struct PendingBodyTests {
  private final class Record: @unchecked Sendable {
    var announced: [(target: String, exchange: HTTPExchange)] = []
    var handled: [(target: String, body: String, exchange: HTTPExchange)] = []
    var aborted: [HTTPError.Code?] = []
  }

  /// A server that notes what it is told and answers complete requests.
  private func serve(
    _ body: @escaping @Sendable (EventLoop, HTTPServer, Record) async throws -> Void
  ) async throws {
    try await onLoop { loop in
      let record = Record()
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { request, exchange in
        record.handled.append((request.target, String(decoding: request.body, as: UTF8.self), exchange))
        exchange.respond(HTTPResponse(text: "done"))
      }
      server.onPendingBody = { request, exchange in
        record.announced.append((request.target, exchange))
        exchange.onAbort = { [unowned exchange] in record.aborted.append(exchange.failure) }
        if request.target == "/early" { exchange.respond(HTTPResponse(status: .forbidden)) }
      }
      try await body(loop, server, record)
      await server.close()
    }
  }

  @Test("is announced once, with the exchange that it is handled with")
  func announced() async throws {
    try await serve { loop, server, record in
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("POST /whole HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
      try await client.wait(for: "done")
      #expect(record.announced.isEmpty)
      client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n")
      try await eventually(loop, "the announcement") { record.announced.count == 1 }
      #expect(record.handled.count == 1)
      client.send("x")
      client.send("y")
      client.send("z")
      try await eventually(loop, "the request") { record.handled.count == 2 }
      client.send("POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
      try await eventually(loop, "the second announcement") { record.announced.count == 2 }
      client.sendBytewise("2\r\nok\r\n0\r\n\r\n")
      try await eventually(loop, "the second") { record.handled.count == 3 }
      #expect(record.announced.map(\.target) == ["/a", "/b"])
      #expect(record.handled.map(\.body) == ["hi", "xyz", "ok"])
      #expect(zip(record.announced, record.handled[1...]).allSatisfy { $0.exchange === $1.exchange })
      client.close()
      try await eventually(loop, "the end") { server.connections == 0 }
      #expect(record.aborted.isEmpty)
    }
  }

  @Test("may be answered before it, and the connection ends there")
  func early() async throws {
    try await serve { loop, server, record in
      for expectation in ["", "Expect: 100-continue\r\n"] {
        let client = try await RawClient.connect(to: server.address, loop: loop)
        client.send("POST /early HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\(expectation)\r\n")
        let text = try await client.end()
        #expect(text.hasPrefix("HTTP/1.1 403") && text.contains("connection: close"))
        #expect(!text.contains("100 Continue"))
      }
      #expect(record.handled.isEmpty && record.aborted.isEmpty)
    }
  }

  @Test("is reported when it does not come, with what was wrong with it")
  func aborted() async throws {
    try await serve { loop, server, record in
      let head = "POST / HTTP/1.1\r\nHost: h\r\n"
      for (start, rest) in [
        ("Content-Length: 5\r\n\r\n1", nil), ("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", "?\r\n"),
        ("Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", "ffffffff\r\n"),
      ] as [(String, String?)] {
        let client = try await RawClient.connect(to: server.address, loop: loop)
        let before = record.announced.count
        client.send(head + start)
        try await eventually(loop, "the announcement") { record.announced.count == before + 1 }
        if let rest { client.send(rest) } else { client.close() }
        try await eventually(loop, "the abort") { record.aborted.count == before + 1 }
      }
      #expect(record.aborted == [nil, .malformed, .bodyTooLarge])
      #expect(record.handled.isEmpty)
    }
  }

  @Test("waits behind an earlier request for its answer, and is refused in its turn")
  func pipelined() async throws {
    try await onLoop { loop in
      let held = Record()
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { request, exchange in
        held.handled.append((request.target, "", exchange))
      }
      server.onPendingBody = { _, exchange in exchange.respond(HTTPResponse(status: .forbidden)) }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nPOST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nx")
      try await eventually(loop, "the first") { held.handled.count == 1 }
      held.handled[0].exchange.respond(HTTPResponse(text: "first"))
      let text = try await client.end()
      #expect(text.firstRange(of: "first")!.lowerBound < text.firstRange(of: "403 Forbidden")!.lowerBound)
      await server.close()
    }
  }
}
