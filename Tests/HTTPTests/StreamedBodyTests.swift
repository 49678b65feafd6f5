import HTTP
import Networking
import Testing

@Suite("A body that is handed over as it comes", .timeLimit(.minutes(1)))
struct StreamedBodyTests {
  private final class Record: @unchecked Sendable {
    var parts: [[UInt8]] = []
    var failures: [HTTPError.Code] = []
    /// Parts that may be taken; none are waited for where there is no limit.
    var allowed = Int.max
  }

  /// A server whose PUTs below `/in` are streamed, and answered with their lengths.
  private func serve(
    limit: Int = 1 << 20, bodyTimeout: Duration = .seconds(30),
    _ body: @escaping @Sendable (EventLoop, HTTPServer, Record) async throws -> Void
  ) async throws {
    try await onLoop { loop in
      let record = Record()
      let router = Router()
      router.on(.put, "/in/:name", streamingUpTo: limit) { request, context in
        if context.parameter("name") == "refused" { throw Problem(.forbidden, code: "forbidden") }
        var count = request.body.count
        guard let body = context.exchange?.body else { return HTTPResponse(text: "\(count) at once") }
        do {
          while record.parts.count < record.allowed, let part = try await body.next() {
            record.parts.append(part)
            count += part.count
          }
          while record.parts.count >= record.allowed { try await loop.sleep(for: .milliseconds(2)) }
          while let part = try await body.next() {
            record.parts.append(part)
            count += part.count
          }
        } catch let error as HTTPError {
          record.failures.append(error.code)
          throw error
        }
        return HTTPResponse(text: "\(count) streamed")
      }
      router.on(.post, "/in/:name") { request, _ in HTTPResponse(text: "\(request.body.count) gathered") }
      router.on(.get, "/sized/:count") { _, context in
        let count = try context.parameter("count", as: Int.self)
        return HTTPResponse(
          body: .sized(6) { writer in
            try await writer.write([UInt8](repeating: 65, count: count))
          })
      }
      var configuration = HTTPServerConfiguration()
      configuration.limits.bodyBytes = 1000
      configuration.bodyTimeout = bodyTimeout
      let server = try HTTPServer(configuration: configuration, loop: loop) { router.handle($0, $1) }
      server.streamLimit = { router.streamLimit(of: $0) }
      try await body(loop, server, record)
      await server.close()
    }
  }

  @Test("comes in parts, of a known length or in chunks, and the connection goes on")
  func parts() async throws {
    try await serve { loop, server, record in
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("PUT /in/a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
      try await eventually(loop, "the first part") { record.parts.count == 1 }
      client.send("c")
      try await eventually(loop, "the second part") { record.parts.count == 2 }
      client.send("dePOST /in/a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
      try await client.wait(for: "2 gathered")
      #expect(client.text.contains("5 streamed"))
      #expect(record.parts.joined().elementsEqual("abcde".utf8))
      client.send("PUT /in/b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
      client.sendBytewise("3\r\nfoo\r\n5;x=y\r\nbarba\r\n0\r\nT: t\r\n\r\n")
      try await client.wait(for: "8 streamed")
      client.send("PUT /in/c HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
      try await client.wait(for: "0 at once")
      client.send("PUT /in/d HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
      try await client.wait(for: "100 Continue")
      client.send("x")
      try await client.wait(for: "1 streamed")
      #expect(record.failures.isEmpty)
      client.close()
      try await eventually(loop, "the end") { server.connections == 0 }
    }
  }

  @Test("two that were sent at once come one after the other")
  func pipelined() async throws {
    try await serve { loop, server, _ in
      let client = try await RawClient.connect(to: server.address, loop: loop)
      let request = "PUT /in/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
      client.send(request + request + "PUT /in/a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd")
      try await client.wait(for: "4 streamed")
      #expect(client.text.occurrences(of: "3 streamed") == 2)
      client.close()
    }
  }

  @Test("may be longer than what is gathered, but not than its own limit")
  func limits() async throws {
    try await serve(limit: 3_000_000) { loop, server, record in
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("PUT /in/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n")
      client.send([UInt8](repeating: 1, count: 3_000_000))
      try await client.wait(for: "3000000 streamed")
      for head in ["Content-Length: 3000001\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n2DC6C1\r\n"] {
        let other = try await RawClient.connect(to: server.address, loop: loop)
        other.send("PUT /in/a HTTP/1.1\r\nHost: h\r\n\(head)")
        #expect(try await other.end().hasPrefix("HTTP/1.1 413"))
      }
      let other = try await RawClient.connect(to: server.address, loop: loop)
      other.send("POST /in/a HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n")
      #expect(try await other.end().hasPrefix("HTTP/1.1 413"))
      #expect(record.failures == [.bodyTooLarge])
      client.close()
    }
  }

  @Test("is not read faster than it is taken")
  func backPressure() async throws {
    try await serve(limit: 64 << 20) { loop, server, record in
      record.allowed = 1
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("PUT /in/a HTTP/1.1\r\nHost: h\r\nContent-Length: 30000000\r\n\r\n")
      // In portions below what a connection may owe.
      for _ in 0..<10 {
        client.send([UInt8](repeating: 1, count: 3_000_000))
        if record.parts.isEmpty { try await eventually(loop, "the first part") { record.parts.count == 1 } }
        try await loop.sleep(for: .milliseconds(30))
        guard !client.isOver else { break }
      }
      // The client's own buffer has overflown, for the server does not read.
      #expect(client.isOver)
      #expect(record.parts.count == 1)
      record.allowed = .max
      try await eventually(loop, "the failure") { record.failures == [.closed] }
    }
  }

  @Test("need not be taken: whoever answers before its end closes the connection behind the answer")
  func refused() async throws {
    try await serve { loop, server, _ in
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("PUT /in/refused HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\nabc")
      try await client.wait(for: "HTTP/1.1 403")
      client.send([UInt8](repeating: 1, count: 40000))
      #expect(try await client.end().contains("connection: close"))
      try await eventually(loop, "the end") { server.connections == 0 }
    }
  }

  @Test("that stops coming, breaks off or is none is told to its reader, and answered")
  func failures() async throws {
    try await serve(bodyTimeout: .milliseconds(200)) { loop, server, record in
      let slow = try await RawClient.connect(to: server.address, loop: loop)
      slow.send("PUT /in/a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
      #expect(try await slow.end().hasPrefix("HTTP/1.1 408"))
      let broken = try await RawClient.connect(to: server.address, loop: loop)
      broken.send("PUT /in/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc")
      #expect(try await broken.end().hasPrefix("HTTP/1.1 400"))
      let gone = try await RawClient.connect(to: server.address, loop: loop)
      gone.send("PUT /in/a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
      try await eventually(loop, "its part") { record.parts.count >= 2 }
      gone.close()
      try await eventually(loop, "the end") { server.connections == 0 && record.failures.count == 3 }
      #expect(record.failures == [.timedOut, .malformed, .closed])
    }
  }

  @Test("an answer of a known length is that long, or cut off")
  func sized() async throws {
    try await serve { loop, server, _ in
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET /sized/6 HTTP/1.1\r\nHost: h\r\n\r\n")
      let text = try await client.wait(for: "AAAAAA")
      #expect(text.contains("content-length: 6\r\n") && !text.contains("chunked"))
      client.send("HEAD /sized/6 HTTP/1.1\r\nHost: h\r\n\r\n")
      try await client.wait { $0.text.occurrences(of: "content-length: 6\r\n") == 2 }
      client.send("GET /sized/5 HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try await client.end().occurrences(of: "AAAAAA") == 1)
    }
  }
}
