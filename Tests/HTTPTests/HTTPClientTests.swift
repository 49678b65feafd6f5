import HTTP
import Networking
import Testing

private func parse(_ text: String, cuts: [Int] = [], toHead: Bool = false) -> [String] {
  let bytes = Array(text.utf8)
  var parser = HTTPResponseParser(limits: HTTPLimits())
  parser.expect(answerToHead: toHead)
  var outcomes: [String] = []
  func note(_ event: borrowing HTTPResponseParser.Event) {
    switch event {
    case .needMore: break
    case .response(let response, let keepAlive):
      outcomes.append("\(response.status.code) \(String(decoding: response.bytes, as: UTF8.self)) \(keepAlive)")
    case .failure(let error): outcomes.append("\(error.code)")
    }
  }
  var start = 0
  for end in cuts + [bytes.count] {
    Array(bytes[start..<end]).withUnsafeBytes {
      var input = $0
      note(parser.next(&input))
    }
    start = end
  }
  if outcomes.isEmpty { note(parser.end()) }
  return outcomes
}

@Suite("the client")
struct HTTPClientTests {
  @Test(
    "responses are parsed, however they are cut",
    arguments: [
      ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 abc true"),
      ("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "200  true"),
      ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc", "200 abc false"),
      ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "200 a false"),
      ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\na", "200 a true"),
      ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "200 ab true"),
      ("HTTP/1.1 200 OK\r\n\r\nto the end", "200 to the end false"),
      ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204  true"),
      (
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx",
        "404 x true"
      ),
      ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "malformed"),
      ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "malformed"),
      ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "closed"),
      ("HTTP/1.1 200 OK\r\nX: y", "closed"), ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "malformed"), ("", "closed"),
    ])
  func responses(text: String, outcome: String) {
    #expect(parse(text) == [outcome])
    #expect(parse(text, cuts: Array(1..<max(1, text.utf8.count))) == [outcome])
    for cut in 1..<max(1, text.utf8.count) { #expect(parse(text, cuts: [cut]) == [outcome], "cut at \(cut)") }
  }

  @Test("the answer to HEAD has no body, whatever it says")
  func head() {
    #expect(parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", toHead: true) == ["200  true"])
  }

  @Test("a connection is used again, and replaced when the server has closed it")
  func keepAlive() async throws {
    try await onLoop { loop in
      var configuration = HTTPServerConfiguration()
      configuration.idleTimeout = .milliseconds(30)
      let server = try HTTPServer(configuration: configuration, loop: loop) { request, exchange in
        exchange.respond(
          HTTPResponse(status: .created, headers: ["x-m": "\(request.method)"], body: .bytes(request.body)))
      }
      let client = HTTPClient(loop: loop)
      for _ in 0..<3 {
        let response = try await client.post("http://\(server.address)/", body: Array("{}".utf8))
        #expect(response.status == .created && response.bytes == Array("{}".utf8) && response.headers["X-M"] == "POST")
      }
      #expect(server.connections == 1)
      try await eventually(loop, "the close") { server.connections == 0 }
      #expect(try await client.get("http://\(server.address)/").status == .created)
      client.close()
      await server.close()
    }
  }

  @Test("a server that does not answer in time, or not at all, is an error")
  func errors() async throws {
    try await onLoop { loop in
      var held: [HTTPExchange] = []
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) {
        $1.onAbort = {}
        held.append($1)
      }
      let client = HTTPClient(loop: loop)
      let url = "http://\(server.address)/"
      await #expect(throws: HTTPError.self) { try await client.send(.get, url, timeout: .milliseconds(30)) }
      try await eventually(loop, "the abort") { held[0].isAborted }
      await server.close()
      // Not the server's port, which another test may have got by now.
      var nowhere = HTTPClientConfiguration()
      nowhere.address = SocketAddress(.unix("/nonexistent/socket"))
      await #expect(throws: NetworkError.self) { try await HTTPClient(configuration: nowhere, loop: loop).get(url) }
    }
  }

  @Test("a streamed answer is put together")
  func chunked() async throws {
    try await onLoop { loop in
      let server = try HTTPServer(configuration: HTTPServerConfiguration(), loop: loop) { _, exchange in
        exchange.respond(
          HTTPResponse(
            body: .stream { writer in
              for index in 0..<100 {
                try await writer.write("\(index);")
                if index % 10 == 0 { try await loop.sleep(for: .milliseconds(1)) }
              }
            }))
      }
      let client = HTTPClient(loop: loop)
      let response = try await client.get("http://\(server.address)/")
      #expect(response.bytes == Array((0..<100).map { "\($0);" }.joined().utf8))
      client.close()
      await server.close()
    }
  }
}
