import HTTP
import Networking
import Testing

private func echo(_ request: HTTPRequest, _ exchange: HTTPExchange) {
  exchange.respond(HTTPResponse(body: .bytes(request.body)))
}

@Suite("the server")
struct HTTPServerTests {
  @Test("answers pipelined requests in order, though the later ones are ready first")
  func pipelining() async throws {
    try await onLoop { loop in
      var held: [HTTPExchange] = []
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { request, exchange in
        if request.path == "/slow" { held.append(exchange) } else { exchange.respond(HTTPResponse(text: request.path)) }
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send(
        "GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n"
          + "GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n")
      try await eventually(loop, "both slow ones") { held.count == 2 }
      #expect(client.text == "")
      held[1].respond(HTTPResponse(text: "second"))
      held[0].respond(HTTPResponse(text: "first"))
      held[0].respond(HTTPResponse(text: "twice"))
      let text = try await client.wait(for: "/b")
      let order = ["first", "/a", "second", "/b"].compactMap { text.firstRange(of: "\r\n\r\n\($0)")?.lowerBound }
      #expect(order.count == 4 && order == order.sorted())
      #expect(!text.contains("twice"))
      await server.close()
    }
  }

  @Test("adds its common fields to every answer that does not set them itself, those to what is no request included")
  func commonFields() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.commonFields = [
        "x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'",
      ]
      let server = try HTTPServer(configuration: configuration, loop: loop) { request, exchange in
        var response = HTTPResponse(text: "hello")
        if request.path == "/page" { response.headers.set("Content-Security-Policy", "default-src 'self'") }
        exchange.respond(response)
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      let plain = try await client.wait(for: "hello")
      #expect(plain.contains("x-content-type-options: nosniff\r\n"))
      #expect(plain.contains("content-security-policy: default-src 'none'\r\n"))
      let other = try await RawClient.connect(to: server.address, loop: loop)
      other.send("GET /page HTTP/1.1\r\nHost: h\r\n\r\n")
      let page = try await other.wait(for: "hello")
      #expect(page.contains("x-content-type-options: nosniff\r\n"))
      #expect(page.contains("Content-Security-Policy: default-src 'self'\r\n"))
      #expect(!page.contains("default-src 'none'"))
      let wrong = try await RawClient.connect(to: server.address, loop: loop)
      wrong.send("GET / HTTP/1.1\r\n\r\n")
      let refusal = try await wrong.wait(for: "bad_request")
      #expect(refusal.contains("x-content-type-options: nosniff\r\n"))
      #expect(refusal.contains("application/problem+json"))
      await server.close()
    }
  }

  @Test("holds no more requests of a connection than it may")
  func boundedPipelining() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.maxPipelined = 3
      var held: [HTTPExchange] = []
      let server = try HTTPServer(configuration: configuration, loop: loop) { held.append($1) }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      for index in 0..<10 { client.send("POST /\(index) HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab") }
      try await eventually(loop, "three") { held.count == 3 }
      client.send("GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
      try await loop.sleep(for: .milliseconds(20))
      #expect(held.count == 3)
      var answered = 0
      while answered < 11 {
        try await eventually(loop, "request \(answered)") { held.count > answered }
        #expect(held.count - answered <= 3)
        held[answered].respond(HTTPResponse(text: "answer \(answered)."))
        answered += 1
      }
      let text = try await client.end()
      #expect(text.occurrences(of: "HTTP/1.1 200 OK") == 11)
      #expect(text.contains("answer 10."))
      await server.close()
    }
  }

  @Test("serves a request that arrives byte by byte, and chunks")
  func bytewise() async throws {
    try await onLoop { loop in
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop, handler: echo)
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.sendBytewise(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
      try await client.wait(for: "\r\n\r\nabcde")
      client.sendBytewise("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz")
      try await client.wait(for: "\r\n\r\nxyz")
      await server.close()
    }
  }

  @Test("says 100 Continue when it is awaited, and not when the body is there or too large")
  func expectContinue() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.limits.bodyBytes = 10
      let server = try HTTPServer(configuration: configuration, loop: loop, handler: echo)
      let client = try await RawClient.connect(to: server.address, loop: loop)
      let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
      client.send(head + "3\r\n\r\n")
      try await client.wait(for: "HTTP/1.1 100 Continue\r\n\r\n")
      client.send("abc")
      try await client.wait(for: "\r\n\r\nabc")
      client.send(head + "3\r\n\r\ndef")
      let text = try await client.wait(for: "\r\n\r\ndef")
      #expect(text.occurrences(of: "100 Continue") == 1)
      client.send(head + "11\r\n\r\n")
      let all = try await client.end()
      #expect(all.occurrences(of: "100 Continue") == 1)
      #expect(all.contains("HTTP/1.1 413 Content Too Large\r\n"))
      await server.close()
    }
  }

  @Test("HEAD, 204 and 304 have no body, but the fields of one where there is one")
  func bodiless() async throws {
    try await onLoop { loop in
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { request, exchange in
        switch request.path {
        case "/204": exchange.respond(HTTPResponse(status: .noContent, body: .bytes([0x58])))
        case "/304": exchange.respond(HTTPResponse(status: .notModified, body: .bytes([0x58])))
        case "/stream": exchange.respond(HTTPResponse(body: .stream { try await $0.write("X") }))
        default: exchange.respond(HTTPResponse(text: "XXX"))
        }
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      for path in ["/", "/stream", "/204", "/304"] { client.send("HEAD \(path) HTTP/1.1\r\nHost: h\r\n\r\n") }
      client.send("GET /204 HTTP/1.1\r\nHost: h\r\n\r\nGET /304 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
      let text = try await client.end()
      #expect(text.occurrences(of: "HTTP/1.1 ") == 6)
      #expect(text.occurrences(of: "content-length: 3\r\n") == 1)
      #expect(text.occurrences(of: "transfer-encoding: chunked") == 1)
      #expect(text.occurrences(of: "content-length") == 1)
      #expect(!text.contains("X"))
      await server.close()
    }
  }

  @Test("keeps a connection of HTTP/1.0 only when asked")
  func version10() async throws {
    try await onLoop { loop in
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { request, exchange in
        exchange.respond(
          request.path == "/stream"
            ? HTTPResponse(body: .stream { try await $0.write("streamed") }) : HTTPResponse(text: "plain"))
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      try await client.wait(for: "connection: keep-alive\r\n")
      client.send("GET / HTTP/1.0\r\n\r\n")
      #expect(try await client.end().occurrences(of: "\r\n\r\nplain") == 2)
      // Without chunks, a stream's end is the connection's.
      let other = try await RawClient.connect(to: server.address, loop: loop)
      other.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      let text = try await other.end()
      #expect(text.hasSuffix("\r\n\r\nstreamed") && !text.contains("transfer-encoding"))
      await server.close()
    }
  }

  @Test("refuses what is no HTTP in its turn, and closes")
  func refusal() async throws {
    try await onLoop { loop in
      var held: HTTPExchange?
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { held = $1 }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")
      try await eventually(loop, "the request") { held != nil }
      #expect(client.text == "")
      held?.respond(HTTPResponse(text: "first"))
      let text = try await client.end()
      #expect(text.occurrences(of: "HTTP/1.1 ") == 2)
      #expect(text.firstRange(of: "first")!.lowerBound < text.firstRange(of: "400 Bad Request")!.lowerBound)
      await server.close()
    }
  }

  @Test("answers 408 to a head or a body that does not come, and closes silent connections without a word")
  func timeouts() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.idleTimeout = .milliseconds(60)
      configuration.headTimeout = .milliseconds(40)
      configuration.bodyTimeout = .milliseconds(40)
      let server = try HTTPServer(configuration: configuration, loop: loop, handler: echo)
      let silent = try await RawClient.connect(to: server.address, loop: loop)
      let head = try await RawClient.connect(to: server.address, loop: loop)
      head.send("GET / HT")
      let body = try await RawClient.connect(to: server.address, loop: loop)
      body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab")
      let kept = try await RawClient.connect(to: server.address, loop: loop)
      kept.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(try await silent.end() == "")
      #expect(try await head.end().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
      #expect(try await body.end().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
      let text = try await kept.end()
      #expect(text.hasPrefix("HTTP/1.1 200 OK") && text.occurrences(of: "HTTP/1.1") == 1)
      try await eventually(loop, "all closed") { server.connections == 0 }
      await server.close()
    }
  }

  @Test("does not time out while a request is handled")
  func longPolling() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.idleTimeout = .milliseconds(20)
      configuration.headTimeout = .milliseconds(20)
      var held: HTTPExchange?
      let server = try HTTPServer(configuration: configuration, loop: loop) { held = $1 }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      try await eventually(loop, "the request") { held != nil }
      try await loop.sleep(for: .milliseconds(100))
      #expect(held?.isWaiting == true)
      held?.respond(HTTPResponse(text: "late"))
      #expect(try await client.end().hasSuffix("late"))
      await server.close()
    }
  }

  @Test("refuses connections beyond its limit with 503 and Retry-After")
  func connectionLimit() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.maxConnections = 1
      let server = try HTTPServer(configuration: configuration, loop: loop, handler: echo)
      let first = try await RawClient.connect(to: server.address, loop: loop)
      first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      try await first.wait(for: "200 OK")
      let second = try await RawClient.connect(to: server.address, loop: loop)
      let text = try await second.end()
      #expect(text.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n") && text.contains("retry-after: 5\r\n"))
      #expect(server.refused == 1)
      first.close()
      try await eventually(loop, "room") { server.connections == 0 }
      let third = try await RawClient.connect(to: server.address, loop: loop)
      third.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      try await third.wait(for: "200 OK")
      await server.close()
    }
  }

  @Test("tells a waiting exchange that its client has left")
  func abort() async throws {
    try await onLoop { loop in
      var aborted = 0
      var held: [HTTPExchange] = []
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { _, exchange in
        exchange.onAbort = { aborted += 1 }
        held.append(exchange)
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n")
      try await eventually(loop, "the requests") { held.count == 2 }
      client.finish()
      try await eventually(loop, "the abort") { aborted == 2 }
      #expect(held.allSatisfy { $0.isAborted && !$0.isWaiting })
      held[0].respond(HTTPResponse(text: "to nobody"))
      try await eventually(loop, "the end") { server.connections == 0 }
      #expect(aborted == 2)
      await server.close()
    }
  }

  @Test("answers a client that has only ended its own side")
  func halfClose() async throws {
    try await onLoop { loop in
      var held: HTTPExchange?
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { held = $1 }
      // `finish` throws away what it receives, so the client's side is ended by its process: a bare socket.
      let bare = try BareSocket(server.address)
      bare.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      bare.endWriting()
      try await eventually(loop, "the request") { held != nil }
      try await loop.sleep(for: .milliseconds(20))
      held?.respond(HTTPResponse(text: "answer"))
      var text = ""
      try await eventually(loop, "the answer") {
        text += bare.read()
        return bare.isAtEnd
      }
      #expect(text.hasSuffix("\r\n\r\nanswer"))
      await server.close()
    }
  }

  @Test("streams in chunks, waiting for a client that takes its time")
  func streaming() async throws {
    try await onLoop { loop in
      nonisolated(unsafe) var written = 0
      let total = 8 << 20
      let part = [UInt8](repeating: 0x61, count: 32 << 10)
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { _, exchange in
        exchange.respond(
          HTTPResponse(
            body: .stream { writer in
              while written < total {
                try await writer.write(part)
                written += part.count
              }
            }))
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.pauseReading()
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      try await eventually(loop, "the first part") { written > 0 }
      try await loop.sleep(for: .milliseconds(100))
      #expect(written < total)
      client.resumeReading()
      try await client.wait("the last chunk") { $0.received.suffix(5).elementsEqual("0\r\n\r\n".utf8) }
      #expect(client.received.count > total)
      // The connection goes on.
      let before = client.received.count
      client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
      try await client.wait("an answer") { $0.received.count > before }
      await server.close()
    }
  }

  @Test("cuts off a stream that fails, rather than end it")
  func failingStream() async throws {
    try await onLoop { loop in
      struct Failure: Error {}
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { _, exchange in
        exchange.respond(
          HTTPResponse(
            body: .stream {
              try await $0.write("part")
              try await loop.sleep(for: .milliseconds(10))
              throw Failure()
            }))
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      let text = try await client.end()
      #expect(text.contains("part") && !text.contains("\r\n0\r\n\r\n"))
      await server.close()
    }
  }

  @Test("sends bodies of many megabytes without queueing them whole")
  func largeBodies() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.limits.bodyBytes = 16 << 20
      let server = try HTTPServer(configuration: configuration, loop: loop, handler: echo)
      let client = HTTPClient(loop: loop)
      var body = [UInt8](repeating: 0, count: 10 << 20)
      for index in stride(from: 0, to: body.count, by: 997) { body[index] = UInt8(truncatingIfNeeded: index / 997) }
      let response = try await client.send(.put, "http://\(server.address)/", body: body)
      #expect(response.bytes == body)
      client.close()
      await server.close()
    }
  }

  @Test("closes gracefully: idle ones at once, answers in progress with Connection: close")
  func gracefulClose() async throws {
    try await onLoop { loop in
      var held: HTTPExchange?
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { request, exchange in
        if request.path == "/slow" { held = exchange } else { echo(request, exchange) }
      }
      let idle = try await RawClient.connect(to: server.address, loop: loop)
      idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      try await idle.wait(for: "200 OK")
      let busy = try await RawClient.connect(to: server.address, loop: loop)
      busy.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
      try await eventually(loop, "the request") { held != nil }
      nonisolated(unsafe) var isClosed = false
      let closing = loop.start {
        await server.close()
        isClosed = true
      }
      _ = try await idle.end()
      #expect(!isClosed)
      held?.respond(HTTPResponse(text: "done"))
      let text = try await busy.end()
      #expect(text.contains("connection: close\r\n") && text.hasSuffix("done"))
      await closing.value
      #expect(server.connections == 0)
    }
  }

  @Test("closes after a stream that was under way, as soon as it is complete")
  func closeDuringStream() async throws {
    try await onLoop { loop in
      nonisolated(unsafe) var goesOn = true
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { _, exchange in
        exchange.respond(
          HTTPResponse(
            body: .stream { writer in
              while goesOn {
                try await writer.write("part;")
                try await loop.sleep(for: .milliseconds(2))
              }
            }))
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      try await client.wait(for: "part;")
      let closing = loop.start { await server.close() }
      try await loop.sleep(for: .milliseconds(10))
      #expect(!client.isOver)
      goesOn = false
      #expect(try await client.end().hasSuffix("\r\n0\r\n\r\n"))
      await closing.value
      #expect(server.connections == 0)
    }
  }

  @Test("serves a client that sends many requests before it takes an answer, without holding all answers")
  func congestion() async throws {
    try await onLoop { loop in
      let body = [UInt8](repeating: 0x62, count: 32 << 10)
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { _, exchange in
        exchange.respond(HTTPResponse(body: .bytes(body)))
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.pauseReading()
      let count = 600
      client.send(String(repeating: "GET / HTTP/1.1\r\nHost: h\r\n\r\n", count: count))
      try await eventually(loop, "the first") { server.requests > 0 }
      try await loop.sleep(for: .milliseconds(50))
      #expect(server.requests < count)
      client.resumeReading()
      try await client.wait("all answers") { $0.received.count > count * body.count }
      #expect(server.requests == count)
      await server.close()
    }
  }

  @Test("does not wait for ever when it closes")
  func closeDeadline() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.closeTimeout = .milliseconds(50)
      var held: HTTPExchange?
      let server = try HTTPServer(configuration: configuration, loop: loop) { held = $1 }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      try await eventually(loop, "the request") { held != nil }
      await server.close()
      #expect(held?.isAborted == true)
      #expect(try await client.end() == "")
    }
  }

  @Test("drops a client that takes nothing of its answer")
  func slowReceiver() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.sendTimeout = .milliseconds(30)
      let server = try HTTPServer(configuration: configuration, loop: loop) { _, exchange in
        exchange.respond(HTTPResponse(body: .bytes([UInt8](repeating: 1, count: 32 << 20))))
      }
      let client = try await RawClient.connect(to: server.address, loop: loop)
      client.pauseReading()
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      try await eventually(loop, "the connection") { server.requests == 1 }
      try await eventually(loop, "the end") { server.connections == 0 }
      await server.close()
    }
  }
}
