/// Bytes to responses (RFC 9112): the client's counterpart of `HTTPRequestParser`, as strict about framing.
///
/// Interim responses (1xx) are skipped, but 101, after which the input is another protocol's.
package struct HTTPResponseParser: ~Copyable {
  package enum Event {
    case needMore
    /// `keepAlive`: the connection may be used again.
    case response(HTTPResponse, keepAlive: Bool)
    case failure(HTTPError)
  }

  private enum State {
    case head
    case body(remaining: Int)
    case chunked
    case untilClose
    case over
  }

  /// What the head's fields say about the framing.
  private struct Framing {
    var contentLength = -1
    var isChunked = false
    var saysClose = false
    var saysKeepAlive = false
    var isVersion10 = false
  }

  private let limits: HTTPLimits
  private var state = State.head
  private var gathered: [UInt8] = []
  private var response = HTTPResponse()
  private var body: [UInt8] = []
  private var chunks = ChunkedDecoder()
  private var framing = Framing()
  /// Whether the answer is to HEAD: its fields tell of a body that does not come.
  private var isHead = false

  package init(limits: HTTPLimits) { self.limits = limits }

  /// Whether anything of an answer has arrived.
  package var hasBegun: Bool {
    if case .head = state { !gathered.isEmpty } else { true }
  }

  /// Prepares for the answer to the next request.
  package mutating func expect(answerToHead: Bool) {
    state = .head
    isHead = answerToHead
    framing = Framing()
  }

  package mutating func next(_ input: inout UnsafeRawBufferPointer) -> Event {
    switch state {
    case .head: return nextHead(&input)
    case .body(let remaining):
      let part = min(remaining, input.count)
      body.append(contentsOf: UnsafeRawBufferPointer(rebasing: input[..<part]))
      input = UnsafeRawBufferPointer(rebasing: input[part...])
      state = .body(remaining: remaining - part)
      return remaining == part ? finish() : .needMore
    case .chunked:
      switch chunks.decode(&input, into: &body, limit: limits.bodyBytes, fieldLimit: limits.fields) {
      case .needMore: return .needMore
      case .failure(let error): return fail(error)
      case .complete: return finish()
      }
    case .untilClose:
      guard body.count + input.count <= limits.bodyBytes else {
        return fail(HTTPError(.bodyTooLarge, "body is too large"))
      }
      body.append(contentsOf: input)
      input = UnsafeRawBufferPointer(rebasing: input[input.count...])
      return .needMore
    case .over: return .needMore
    }
  }

  /// The server has closed: the end of a body without a length, or too early.
  package mutating func end() -> Event {
    if case .untilClose = state { return finish() }
    return fail(HTTPError(.closed, "the server closed the connection before its answer was complete"))
  }

  // MARK: Head

  private mutating func nextHead(_ input: inout UnsafeRawBufferPointer) -> Event {
    guard input.count > 0 else { return .needMore }
    let before = gathered.count
    let taken = min(input.count, limits.headBytes - before)
    gathered.append(contentsOf: UnsafeRawBufferPointer(rebasing: input[..<taken]))
    guard let end = Self.headEnd(gathered, from: max(0, before - 3)) else {
      if gathered.count >= limits.headBytes { return fail(HTTPError(.headTooLarge, "head is too large")) }
      input = UnsafeRawBufferPointer(rebasing: input[taken...])
      return .needMore
    }
    input = UnsafeRawBufferPointer(rebasing: input[(end - before)...])
    gathered.removeSubrange(end...)
    let head = gathered
    gathered = []
    if let error = read(head) { return fail(error) }
    return begin(&input)
  }

  private static func headEnd(_ bytes: [UInt8], from start: Int) -> Int? {
    var index = start
    while index + 3 < bytes.count {
      if bytes[index] == 0x0d, bytes[index + 1] == 0x0a, bytes[index + 2] == 0x0d, bytes[index + 3] == 0x0a {
        return index + 4
      }
      index += 1
    }
    return nil
  }

  /// `HTTP/1.x CODE [reason] CRLF` and the fields.
  private mutating func read(_ head: [UInt8]) -> HTTPError? {
    let bad = HTTPError(.malformed, "not an HTTP response")
    guard head.count >= 14, head[..<7].elementsEqual("HTTP/1.".utf8), head[7] &- 0x30 < 10, head[8] == 0x20 else {
      return bad
    }
    framing = Framing()
    framing.isVersion10 = head[7] == 0x30
    var code: UInt16 = 0
    for digit in head[9..<12] {
      guard digit &- 0x30 < 10 else { return bad }
      code = code * 10 + UInt16(digit - 0x30)
    }
    guard code >= 100, head[12] == 0x20 || head[12] == 0x0d else { return bad }
    let lineEnd = head.withUnsafeBufferPointer { CharacterClass.firstControl($0.baseAddress!, from: 12, to: $0.count) }
    guard lineEnd + 1 < head.count, head[lineEnd] == 0x0d, head[lineEnd + 1] == 0x0a else { return bad }
    response = HTTPResponse(status: HTTPStatus(code))
    var present: UInt64 = 0
    var count = 0
    var cursor = lineEnd + 2
    while true {
      let outcome = head.withUnsafeBufferPointer { FieldLine.scan($0.baseAddress!, from: cursor, to: $0.count) }
      switch outcome {
      case .incomplete: return bad
      case .failure(let error): return error
      case .field(let line, let next):
        count += 1
        guard count <= limits.fields else { return HTTPError(.headTooLarge, "too many fields") }
        present |= HTTPHeaders.bit(line.name, line.nameCount)
        if let error = take(line) { return error }
        cursor = next
      case .end:
        response.headers = HTTPHeaders(
          bytes: Array(head.dropLast(2)), start: lineEnd + 2, present: present, count: count)
        return nil
      }
    }
  }

  private mutating func take(_ line: FieldLine) -> HTTPError? {
    if line.nameIs("content-length") {
      guard framing.contentLength < 0, line.length >= 0 else { return HTTPError(.malformed, "bad Content-Length") }
      framing.contentLength = line.length
    } else if line.nameIs("transfer-encoding") {
      guard !framing.isChunked, line.valueIs("chunked") else {
        return HTTPError(.malformed, "unknown Transfer-Encoding")
      }
      framing.isChunked = true
    } else if line.nameIs("connection") {
      line.forEachMember { member, count in
        if CharacterClass.spell(member, count, "close") { framing.saysClose = true }
        if CharacterClass.spell(member, count, "keep-alive") { framing.saysKeepAlive = true }
      }
    }
    return nil
  }

  private mutating func begin(_ input: inout UnsafeRawBufferPointer) -> Event {
    let code = response.status.code
    if code == 101 {
      state = .over
      return .response(response, keepAlive: false)
    }
    if code < 200 {
      state = .head
      return next(&input)
    }
    if isHead || response.status.forbidsBody { return finish() }
    if framing.isChunked {
      guard framing.contentLength < 0 else {
        return fail(HTTPError(.malformed, "both Content-Length and Transfer-Encoding"))
      }
      chunks = ChunkedDecoder()
      state = .chunked
    } else if framing.contentLength >= 0 {
      guard framing.contentLength <= limits.bodyBytes else {
        return fail(HTTPError(.bodyTooLarge, "body is too large"))
      }
      body.reserveCapacity(framing.contentLength)
      state = .body(remaining: framing.contentLength)
    } else {
      framing.saysClose = true
      state = .untilClose
    }
    return next(&input)
  }

  private mutating func finish() -> Event {
    state = .over
    if !body.isEmpty { response.body = .bytes(body) }
    body = []
    let complete = response
    response = HTTPResponse()
    return .response(
      complete, keepAlive: !framing.saysClose && (!framing.isVersion10 || framing.saysKeepAlive))
  }

  private mutating func fail(_ error: HTTPError) -> Event {
    state = .over
    gathered = []
    body = []
    return .failure(error)
  }
}
