import HTTP
import Testing

/// What a parser makes of bytes, in a form that can be compared.
enum Outcome: Equatable, CustomStringConvertible {
  case request(method: String, target: String, fields: String, body: String)
  case failure(HTTPError.Code)

  var description: String {
    switch self {
    case .request(let method, let target, let fields, let body): "\(method) \(target) [\(fields)] \(body)"
    case .failure(let code): "failure \(code)"
    }
  }
}

/// Feeds `bytes` in the parts that the cuts make.
func parse(_ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> [Outcome] {
  var parser = HTTPRequestParser(limits: limits)
  var outcomes: [Outcome] = []
  var start = 0
  for end in cuts + [bytes.count] {
    // A copy of its own, so that reading beyond its end is noticed by the address sanitizer.
    let part = Array(bytes[start..<end])
    part.withUnsafeBytes { buffer in
      var input = buffer
      loop: while true {
        switch parser.next(&input) {
        case .needMore: break loop
        case .expectsContinue, .head, .part, .end: continue
        case .request(let request):
          outcomes.append(
            .request(
              method: request.method.rawValue, target: request.target, fields: request.headers.description,
              body: String(decoding: request.body, as: UTF8.self)))
        case .failure(let error): outcomes.append(.failure(error.code))
        }
      }
    }
    start = end
  }
  return outcomes
}

/// Parses whole, byte by byte, and cut at every place, and expects the same each time.
func parseInAllWays(
  _ text: String, limits: HTTPLimits = HTTPLimits(), sourceLocation: SourceLocation = #_sourceLocation
) -> [Outcome] {
  let bytes = Array(text.utf8)
  let whole = parse(bytes, limits: limits)
  #expect(parse(bytes, cuts: Array(1..<max(1, bytes.count)), limits: limits) == whole, sourceLocation: sourceLocation)
  for cut in 1..<max(1, bytes.count) {
    #expect(parse(bytes, cuts: [cut], limits: limits) == whole, "cut at \(cut)", sourceLocation: sourceLocation)
  }
  return whole
}

@Suite("requests are parsed")
struct HTTPRequestParserTests {
  @Test("a request without a body")
  func plain() {
    #expect(
      parseInAllWays("GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-Y:  z \t\r\n\r\n")
        == [.request(method: "GET", target: "/a?b=c", fields: "Host: h\r\nX-Y:  z \t\r\n", body: "")])
  }

  @Test("pipelined requests with and without bodies come out in order")
  func pipelined() {
    let text =
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
      + "PUT /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
      + "\r\nPATCH /4 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
    let outcomes = parseInAllWays(text)
    #expect(
      outcomes.map {
        if case .request(let method, let target, _, let body) = $0 { "\(method) \(target) \(body)" } else { "" }
      }
        == ["POST /1 abc", "GET /2 ", "PUT /3 de", "PATCH /4 "])
  }

  @Test(
    "chunked bodies",
    arguments: [
      ("0\r\n\r\n", ""),
      ("3\r\nabc\r\n0\r\n\r\n", "abc"),
      ("3\r\nabc\r\n00A\r\n0123456789\r\n000\r\n\r\n", "abc0123456789"),
      ("3;x\r\nabc\r\n0;y=z;q=\"a;\\\"b\"\r\n\r\n", "abc"),
      ("3 ;x=1\r\nabc\r\n0\r\n\r\n", nil),
      ("3; x=1\r\nabc\r\n0\r\nTrailer: v\r\nOther:\r\n\r\n", "abc"),
    ] as [(String, String?)])
  func chunked(body: String, expected: String?) {
    let outcomes = parseInAllWays("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n" + body)
    guard let expected else { return #expect(outcomes == [.failure(.malformed)]) }
    #expect(
      outcomes
        == [.request(method: "POST", target: "/", fields: "Host: h\r\nTransfer-Encoding: Chunked\r\n", body: expected)])
  }

  @Test(
    "what could be read in two ways, or is no HTTP, is refused",
    arguments: [
      // Framing.
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3 \u{b}\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1 2\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n",
      "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length\t: 3\r\n\r\nabc",
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding\u{b}: chunked\r\n\r\n0\r\n\r\n",
      // Lines.
      "GET / HTTP/1.1\nHost: h\n\n",
      "GET / HTTP/1.1\r\nHost: h\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n\n",
      "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\nb\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n\rX: y\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n",
      "GET / HTTP/1.1\r\n Host: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\u{1}b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX: a\u{7f}b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX\0: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nX(Y): b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nÄ: b\r\n\r\n",
      "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
      // Request line.
      "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
      "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /a\u{1}b HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /ä HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /#a HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET a HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / http/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1\r\nHost: h\r\n\r\n",
      "GET / HTTP/11\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.10\r\nHost: h\r\n\r\n",
      "GET / HTTP/01.1\r\nHost: h\r\n\r\n",
      "G{}T / HTTP/1.1\r\nHost: h\r\n\r\n",
      // Host.
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhost: b\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h:port\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h:123456\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: []\r\n\r\n",
    ])
  func smuggling(text: String) {
    #expect(parseInAllWays(text) == [.failure(.malformed)])
  }

  @Test(
    "a chunked body that is not exactly one is refused",
    arguments: [
      "\r\n", "x\r\n", "-1\r\n", "+1\r\na\r\n0\r\n\r\n", "0x1\r\na\r\n0\r\n\r\n", " 1\r\na\r\n", "1 \r\na\r\n",
      "1\na\n0\n\n", "1\r\na\n0\r\n\r\n", "1\r\nab\r\n0\r\n\r\n", "2\r\na\r\n0\r\n\r\n", "1\r\r\na\r\n", "1\ra\r\n",
      "1\r\na\r0\r\n\r\n", "1;\r\na\r\n", "1;a=\r\na\r\n", "1;a b\r\na\r\n", "1;a\nb\r\na\r\n", "1;a=\"b\r\na\r\n",
      "1;a=\"\0\"\r\na\r\n", "1;=b\r\na\r\n", "0000000000000001\r\na\r\n", "0\r\nX\r\n\r\n", "0\r\n X: y\r\n\r\n",
      "0\r\nX : y\r\n\r\n", "0\r\nX: y\n\r\n", "0\r\nX: a\rb\r\n\r\n", "0\r\nX: \0\r\n\r\n", "0\r\n\n", "0\r\n\r\r\n",
      "0\n\n", "0\r\n: y\r\n\r\n",
    ])
  func badChunks(body: String) {
    #expect(
      parseInAllWays("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
        == [.failure(.malformed)])
  }

  @Test(
    "unusual but clear requests are served",
    arguments: [
      ("GET / HTTP/1.0\r\n\r\n", "/"),
      ("GET / HTTP/1.2\r\nHost: h\r\n\r\n", "/"),
      ("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "*"),
      ("GET http://h:80/a?b HTTP/1.1\r\nHost: other\r\n\r\n", "/a"),
      ("GET HTTPS://h HTTP/1.1\r\nHost: h\r\n\r\n", "/"),
      ("GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n", "/"),
      ("GET /%7Eme/%C3%A9 HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "/~me/é"),
      ("M-SEARCH /x HTTP/1.1\r\nHost: h.example.\r\n\r\n", "/x"),
      ("GET / HTTP/1.1\r\nHost: h\r\nX: \u{e9}\r\nEmpty:\r\n\r\n", "/"),
      ("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", "/"),
    ])
  func unusual(text: String, path: String) {
    let outcomes = parseInAllWays(text)
    #expect(outcomes.count == 1)
    var parser = HTTPRequestParser()
    Array(text.utf8).withUnsafeBytes {
      var input = $0
      if case .request(let request) = parser.next(&input) {
        #expect(request.path == path)
      } else {
        Issue.record("no request")
      }
    }
  }

  @Test("limits hold wherever the input is cut, and each has its status")
  func limits() {
    var limits = HTTPLimits()
    limits.headBytes = 120
    limits.fields = 3
    limits.targetBytes = 10
    limits.bodyBytes = 8
    func code(_ text: String) -> [Outcome] { parseInAllWays(text, limits: limits) }
    #expect(code("GET /123456789 HTTP/1.1\r\nHost: h\r\n\r\n").count == 1)
    #expect(code("GET /1234567890 HTTP/1.1\r\nHost: h\r\n\r\n") == [.failure(.targetTooLong)])
    #expect(code("GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n") == [.failure(.headTooLarge)])
    #expect(
      code("GET / HTTP/1.1\r\nHost: h\r\nA: " + String(repeating: "x", count: 120) + "\r\n\r\n")
        == [.failure(.headTooLarge)])
    // Exactly as large as it may be, and one more.
    let fill = 120 - "GET / HTTP/1.1\r\nHost: h\r\nA: \r\n\r\n".utf8.count
    func head(_ count: Int) -> String {
      "GET / HTTP/1.1\r\nHost: h\r\nA: \(String(repeating: "x", count: count))\r\n\r\n"
    }
    #expect(code(head(fill)).count == 1 && code(head(fill)) != [.failure(.headTooLarge)])
    #expect(code(head(fill + 1)) == [.failure(.headTooLarge)])
    #expect(code("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n") == [.failure(.bodyTooLarge)])
    let chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(code(chunked + "4\r\nabcd\r\n4\r\nabcd\r\n0\r\n\r\n").count == 1)
    #expect(code(chunked + "4\r\nabcd\r\n5\r\n") == [.failure(.bodyTooLarge)])
    #expect(code(chunked + "fffffffffffffff\r\n") == [.failure(.bodyTooLarge)])
    #expect(code(chunked + "0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n") == [.failure(.headTooLarge)])
    #expect(
      HTTPError(.headTooLarge, "").status == .headTooLarge && HTTPError(.bodyTooLarge, "").status == .contentTooLarge
        && HTTPError(.targetTooLong, "").status == .targetTooLong && HTTPError(.malformed, "").status == .badRequest)
  }

  @Test("endless extensions and trailers are cut off")
  func endless() {
    let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    let long = String(repeating: "x", count: 20_000)
    #expect(parse(Array((head + "1;" + long).utf8)) == [.failure(.malformed)])
    #expect(parse(Array((head + "0\r\nX: " + long).utf8)) == [.failure(.headTooLarge)])
  }

  @Test("other versions, methods and expectations have their own answers")
  func others() {
    #expect(parseInAllWays("GET / HTTP/2.0\r\nHost: h\r\n\r\n") == [.failure(.versionNotSupported)])
    #expect(parseInAllWays("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n") == [.failure(.methodNotSupported)])
    #expect(parseInAllWays("GET / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n\r\n") == [.failure(.expectationFailed)])
  }

  @Test("nothing is read after a failure")
  func failureIsFinal() {
    #expect(
      parseInAllWays("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n") == [.failure(.malformed)])
  }
}
