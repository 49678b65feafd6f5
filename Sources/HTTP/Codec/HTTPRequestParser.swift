/// Bytes to requests (RFC 9112): a machine that is fed what has been received and says what it amounts to.
///
/// A head that arrives whole is scanned where it lies and copied once, into the request; one that arrives in parts is
/// gathered, and each of its lines is still scanned once. States: head -> (body of a known length | chunked body) ->
/// head; any failure is final. A body is gathered into its request, or, where `streamLimit` says so, handed over as it
/// comes: the request without it first, then its parts.
package struct HTTPRequestParser: ~Copyable {
  package enum Event {
    /// All input is taken; more is needed.
    case needMore
    /// The head asks for `100 Continue` and none of the body is there yet.
    case expectsContinue
    case request(HTTPRequest)
    /// A request whose body is handed over as it comes: `part`s follow, then `end`.
    case head(HTTPRequest)
    /// Something of such a body is there: `takeBody`.
    case part
    /// Such a body is complete.
    case end
    /// Not HTTP, or beyond a limit: answer and close. Nothing after it is read.
    case failure(HTTPError)
  }

  package enum Phase: UInt8, Sendable {
    /// Between requests.
    case idle
    case head, body, failed
  }

  private enum State {
    case head
    case body(remaining: Int)
    case chunked
    case stream(remaining: Int)
    case chunkedStream
    /// All of a streamed body has been handed over, but for the news of its end.
    case streamEnd
    case failed
  }

  package let limits: HTTPLimits
  /// Asked of a request with a body: how long that may be, where it is handed over as it comes; nil where it is gathered.
  package var streamLimit: ((borrowing HTTPRequest) -> Int?)?
  private var state = State.head
  private var head = HTTPRequestHead()
  /// The part of a head that arrived without its end.
  private var gathered: [UInt8] = []
  private var request: HTTPRequest?
  private var body: [UInt8] = []
  private var chunks = ChunkedDecoder()
  private var mustAnnounceContinue = false
  /// Bytes that a streamed body of unknown length may still have.
  private var streamAllowance = 0

  package init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

  package var phase: Phase {
    switch state {
    case .head: gathered.isEmpty ? .idle : .head
    case .body, .chunked, .stream, .chunkedStream, .streamEnd: .body
    case .failed: .failed
    }
  }

  /// The request whose body is awaited, as far as its head says.
  package var pending: HTTPRequest? { request }

  /// Takes bytes off `input` up to the next event.
  package mutating func next(_ input: inout UnsafeRawBufferPointer) -> Event {
    switch state {
    case .head: return nextHead(&input)
    case .body, .chunked, .stream, .chunkedStream, .streamEnd:
      if mustAnnounceContinue {
        mustAnnounceContinue = false
        if input.isEmpty { return .expectsContinue }
      }
      return nextBody(&input)
    case .failed: return .needMore
    }
  }

  // MARK: Head

  private mutating func nextHead(_ input: inout UnsafeRawBufferPointer) -> Event {
    guard let base = input.baseAddress, input.count > 0 else { return .needMore }
    if gathered.isEmpty {
      switch head.scan(base.assumingMemoryBound(to: UInt8.self), input.count, limits) {
      case .incomplete:
        gathered.append(contentsOf: input)
        input = UnsafeRawBufferPointer(start: base + input.count, count: 0)
        return .needMore
      case .failure(let error): return fail(error)
      case .complete(let end):
        let bytes = UnsafeRawBufferPointer(start: base, count: end)
        input = UnsafeRawBufferPointer(start: base + end, count: input.count - end)
        return begin(bytes, &input)
      }
    }
    // Never more than a head can have: what follows may be a body of any size.
    let before = gathered.count
    let taken = min(input.count, limits.headBytes - before)
    gathered.append(contentsOf: UnsafeRawBufferPointer(start: base, count: taken))
    let outcome = gathered.withUnsafeBufferPointer { head.scan($0.baseAddress!, $0.count, limits) }
    switch outcome {
    case .incomplete:
      input = UnsafeRawBufferPointer(start: base + taken, count: input.count - taken)
      return .needMore
    case .failure(let error): return fail(error)
    case .complete(let end):
      input = UnsafeRawBufferPointer(start: base + (end - before), count: input.count - (end - before))
      let bytes = gathered
      gathered = []
      return bytes.withUnsafeBytes { begin(UnsafeRawBufferPointer(rebasing: $0[..<end]), &input) }
    }
  }

  /// The head is complete: makes the request, and its body where that is here already.
  private mutating func begin(_ bytes: UnsafeRawBufferPointer, _ input: inout UnsafeRawBufferPointer) -> Event {
    let base = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    // Without the empty line at the end, so that the array's end is the fields' end.
    let copy = [UInt8](UnsafeRawBufferPointer(rebasing: bytes.dropLast(2)))
    var request = HTTPRequest(
      method: HTTPMethod(token: base + head.method.lowerBound, count: head.method.count), head: copy,
      target: Int32(head.target.lowerBound)..<Int32(head.target.upperBound), fieldsStart: head.fieldsStart,
      fieldCount: head.fieldCount, present: head.present, flags: head.flags)
    let length = head.contentLength
    let isChunked = head.isChunked
    let expectsContinue = head.expectsContinue && !request.flags.contains(.isVersion10)
    head = HTTPRequestHead()
    if isChunked || length > 0, let limit = streamLimit?(request) {
      guard length <= limit else { return fail(HTTPError(.bodyTooLarge, "body is too large")) }
      state = isChunked ? .chunkedStream : .stream(remaining: length)
      chunks = ChunkedDecoder()
      streamAllowance = limit
      mustAnnounceContinue = expectsContinue
      return .head(request)
    }
    if !isChunked {
      guard length <= limits.bodyBytes else { return fail(HTTPError(.bodyTooLarge, "body is too large")) }
      if length <= 0 { return .request(request) }
      if length <= input.count {
        request.body = [UInt8](UnsafeRawBufferPointer(rebasing: input[..<length]))
        input = UnsafeRawBufferPointer(rebasing: input[length...])
        return .request(request)
      }
      state = .body(remaining: length)
      // What is announced is not yet sent: a client does not get a megabyte for a line.
      body.reserveCapacity(min(length, 64 << 10))
    } else {
      state = .chunked
      chunks = ChunkedDecoder()
    }
    self.request = request
    mustAnnounceContinue = expectsContinue
    return next(&input)
  }

  // MARK: Body

  private mutating func nextBody(_ input: inout UnsafeRawBufferPointer) -> Event {
    switch state {
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
    case .stream(let remaining):
      let part = min(remaining, input.count)
      guard part > 0 else { return .needMore }
      body.append(contentsOf: UnsafeRawBufferPointer(rebasing: input[..<part]))
      input = UnsafeRawBufferPointer(rebasing: input[part...])
      state = remaining == part ? .streamEnd : .stream(remaining: remaining - part)
      return .part
    case .chunkedStream: return nextChunks(&input)
    case .streamEnd:
      state = .head
      return .end
    case .head, .failed: return .needMore
    }
  }

  private mutating func nextChunks(_ input: inout UnsafeRawBufferPointer) -> Event {
    let before = body.count
    let outcome = chunks.decode(&input, into: &body, limit: streamAllowance + before, fieldLimit: limits.fields)
    streamAllowance -= body.count - before
    switch outcome {
    case .needMore: return body.isEmpty ? .needMore : .part
    case .failure(let error): return fail(error)
    case .complete:
      state = .streamEnd
      return body.isEmpty ? nextBody(&input) : .part
    }
  }

  /// Moves what has come of a streamed body to the end of `bytes`; after each `part`.
  package mutating func takeBody(into bytes: inout [UInt8]) {
    if bytes.isEmpty {
      swap(&bytes, &body)
      body.removeAll(keepingCapacity: true)
    } else {
      bytes.append(contentsOf: body)
      body.removeAll(keepingCapacity: true)
    }
  }

  private mutating func finish() -> Event {
    state = .head
    guard var complete = request.take() else { return .needMore }
    swap(&complete.body, &body)
    return .request(complete)
  }

  private mutating func fail(_ error: HTTPError) -> Event {
    state = .failed
    gathered = []
    body = []
    request = nil
    return .failure(error)
  }
}
