import HTTP

/// Requests: parsed in pieces as at once, never beyond the limits, and the same when they are written out again.
enum HTTPFuzz {
  /// What the parser says, in a form that can be compared.
  private struct Outcome: Equatable {
    var method = ""
    var target = ""
    var fields = ""
    var body: [UInt8] = []
    var failure: HTTPError?
  }

  private static let limits: HTTPLimits = {
    var limits = HTTPLimits()
    limits.headBytes = 1024
    limits.fields = 12
    limits.targetBytes = 200
    limits.bodyBytes = 512
    return limits
  }()

  static func run(_ bytes: UnsafeRawBufferPointer) {
    guard let seed = bytes.first else { return }
    let input = UnsafeRawBufferPointer(rebasing: bytes[1...])
    var requests: [HTTPRequest] = []
    let whole = parse(input, cuts: nil) { requests.append($0) }
    demand(parse(input, cuts: Cuts(seed)) == whole, "requests in pieces are those at once")
    demand(parse(input, cuts: Cuts(seed ^ 0x55)) == whole, "requests in other pieces are those at once")
    for request in requests { check(request) }
    response(input, Cuts(seed), toHead: seed & 1 != 0)
  }

  private static func parse(
    _ bytes: UnsafeRawBufferPointer, cuts: Cuts?, _ found: (HTTPRequest) -> Void = { _ in }
  ) -> [Outcome] {
    var parser = HTTPRequestParser(limits: limits)
    var outcomes: [Outcome] = []
    func feed(_ part: UnsafeRawBufferPointer) {
      var rest = part
      while true {
        switch parser.next(&rest) {
        case .needMore:
          demand(rest.isEmpty || parser.phase == .failed, "all input is taken")
          return
        case .expectsContinue, .head, .part, .end: break
        case .request(let request):
          demand(request.body.count <= limits.bodyBytes, "a body within its limit")
          demand(request.target.utf8.count <= limits.targetBytes, "a target within its limit")
          demand(request.headers.count <= limits.fields, "fields within their limit")
          outcomes.append(
            Outcome(
              method: request.method.rawValue, target: request.target, fields: request.headers.description,
              body: request.body))
          found(request)
        case .failure(let error):
          outcomes.append(Outcome(failure: error))
          return
        }
      }
    }
    guard var cuts else {
      feed(bytes)
      return outcomes
    }
    cuts.forEachPart(of: bytes, feed)
    return outcomes
  }

  /// Asks a request all that a handler may, and parses what it looks like on the wire.
  private static func check(_ request: HTTPRequest) {
    _ = (request.path, request.host, request.isWebSocketUpgrade)
    for (name, value) in request.query { demand(request.query[name] != nil, "a name that is there: \(name)=\(value)") }
    demand(
      !request.query.isWellFormed || request.query.map(\.name).count <= request.query.text.utf8.count,
      "no more names than bytes")
    var names = 0
    request.headers.forEach { name, value in
      names += 1
      demand(request.headers.values(of: name).contains(value), "a field that is there")
      _ = request.headers.hasToken("chunked", in: name)
    }
    demand(names == request.headers.count, "as many fields as were counted")
    _ = WebSocketExtensions(request.headers).flatMap {
      PerMessageDeflateParameters.accept($0, WebSocketCompression())
    }

    // Any reader must see the same request in what we would pass on.
    var headers = request.headers
    headers.remove("transfer-encoding")
    headers.remove("content-length")
    headers.append("content-length", "\(request.body.count)")
    let isVersion10 = !headers.contains("host")
    var again =
      Array("\(request.method.rawValue) \(request.target) HTTP/1.\(isVersion10 ? 0 : 1)\r\n".utf8)
      + Array(headers.description.utf8) + [0x0d, 0x0a]
    guard again.count <= limits.headBytes, headers.count <= limits.fields else { return }
    again += request.body
    var expected = Outcome()
    expected.method = request.method.rawValue
    expected.target = request.target
    expected.fields = headers.description
    expected.body = request.body
    let outcome = again.withUnsafeBytes { parse($0, cuts: nil) }
    demand(outcome == [expected], "a request that is written out is the same request")
  }

  /// The client's side: the same in pieces as at once.
  private static func response(_ bytes: UnsafeRawBufferPointer, _ cuts: Cuts, toHead: Bool) {
    func parse(_ cuts: Cuts?) -> String {
      var parser = HTTPResponseParser(limits: limits)
      parser.expect(answerToHead: toHead)
      var outcome = ""
      func take(_ event: HTTPResponseParser.Event) {
        switch event {
        case .needMore: break
        case .response(let response, let keepAlive):
          demand(response.bytes.count <= limits.bodyBytes, "a body within its limit")
          outcome += "\(response.status.code) \(keepAlive) \(response.headers) \(response.bytes)"
        case .failure(let error): outcome += "\(error)"
        }
      }
      func feed(_ part: UnsafeRawBufferPointer) {
        var rest = part
        if outcome.isEmpty { take(parser.next(&rest)) }
      }
      if var cuts { cuts.forEachPart(of: bytes, feed) } else { feed(bytes) }
      if outcome.isEmpty { take(parser.end()) }
      return outcome
    }
    let whole = parse(nil)
    demand(parse(cuts) == whole, "a response in pieces is the one at once")
  }
}
