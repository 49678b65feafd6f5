/// A request's head while it is scanned (RFC 9112, 2 to 3 and 5). Positions count from the head's first byte, so that
/// the scan can go on after the bytes have moved into a buffer. Each complete line is looked at once.
struct HTTPRequestHead {
  enum Outcome {
    case incomplete
    /// The head is `end` bytes long.
    case complete(end: Int)
    case failure(HTTPError)
  }

  private(set) var method = 0..<0
  private(set) var target = 0..<0
  private(set) var fieldsStart = 0
  private(set) var fieldCount = 0
  private(set) var present: UInt64 = 0
  /// -1 when there is none.
  private(set) var contentLength = -1
  private(set) var isChunked = false
  private(set) var expectsContinue = false
  private var cursor = 0
  private var hasSkippedLine = false
  private var hasRequestLine = false
  private var minorVersion: UInt8 = 1
  private var hasHost = false
  private var saysClose = false
  private var saysKeepAlive = false
  private var saysUpgrade = false
  private var namesWebSocket = false

  var flags: HTTPRequest.Flags {
    var flags: HTTPRequest.Flags = []
    if !saysClose, minorVersion > 0 || saysKeepAlive { flags.insert(.keepAlive) }
    if minorVersion == 0 { flags.insert(.isVersion10) }
    if saysUpgrade && namesWebSocket && minorVersion > 0 { flags.insert(.upgradesToWebSocket) }
    return flags
  }

  /// Whether the head's first byte has been seen.
  var hasBegun: Bool { cursor > 0 }

  /// Goes on with the scan; `base` is the head's first byte and `count` all that is there of it.
  mutating func scan(_ base: UnsafePointer<UInt8>, _ count: Int, _ limits: HTTPLimits) -> Outcome {
    // What lies beyond the limit is not looked at, so that the outcome does not depend on how the bytes arrive.
    let end = min(count, limits.headBytes)
    if !hasRequestLine {
      switch scanRequestLine(base, end, limits) {
      case .incomplete: return incomplete(end, limits)
      case .failure(let error): return .failure(error)
      case .complete: hasRequestLine = true
      }
    }
    while true {
      switch FieldLine.scan(base, from: cursor, to: end) {
      case .incomplete: return incomplete(end, limits)
      case .failure(let error): return .failure(error)
      case .field(let line, let next):
        fieldCount += 1
        guard fieldCount <= limits.fields else { return .failure(HTTPError(.headTooLarge, "too many fields")) }
        if let error = take(line) { return .failure(error) }
        cursor = next
      case .end(let next):
        if let error = check(base, limits) { return .failure(error) }
        return .complete(end: next)
      }
    }
  }

  private func incomplete(_ end: Int, _ limits: HTTPLimits) -> Outcome {
    end < limits.headBytes ? .incomplete : .failure(HTTPError(.headTooLarge, "head is too large"))
  }

  // MARK: Request line

  private mutating func scanRequestLine(_ base: UnsafePointer<UInt8>, _ end: Int, _ limits: HTTPLimits) -> Outcome {
    if !hasSkippedLine, end > cursor, base[cursor] == 0x0d {
      // One empty line before a request is forgiven (RFC 9112, 2.2).
      guard end > cursor + 1 else { return .incomplete }
      guard base[cursor + 1] == 0x0a else { return .failure(HTTPError(.malformed, "bare CR in the head")) }
      hasSkippedLine = true
      cursor += 2
    }
    var index = cursor
    while index < end, CharacterClass.isToken(base[index]) { index &+= 1 }
    if index - cursor > 32 { return .failure(HTTPError(.malformed, "method is too long")) }
    guard index < end else { return .incomplete }
    guard base[index] == 0x20, index > cursor else { return .failure(HTTPError(.malformed, "bad method")) }
    let method = cursor..<index
    let start = index + 1
    let last = min(end, start + limits.targetBytes + 1)
    index = start
    while index < last, CharacterClass.isTarget(base[index]) { index &+= 1 }
    guard index - start <= limits.targetBytes else { return .failure(HTTPError(.targetTooLong, "target is too long")) }
    guard index < end else { return .incomplete }
    guard base[index] == 0x20, index > start else { return .failure(HTTPError(.malformed, "bad request target")) }
    let target = start..<index
    return scanVersion(base, index + 1, end) { head, next in
      head.method = method
      head.target = target
      head.fieldsStart = next
      head.cursor = next
    }
  }

  /// `HTTP/1.x CRLF`
  @inline(__always)
  private mutating func scanVersion(
    _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ finish: (inout HTTPRequestHead, Int) -> Void
  ) -> Outcome {
    let expected: StaticString = "HTTP/"
    for index in 0..<5 {
      guard start + index < end else { return .incomplete }
      guard base[start + index] == expected.utf8Start[index] else {
        return .failure(HTTPError(.malformed, "bad HTTP version"))
      }
    }
    guard start + 10 <= end else {
      // As far as it goes it must be right, or a client could be kept waiting with what will never be a request.
      for index in start + 5..<end where !Self.fits(base[index], at: index - start) {
        return .failure(HTTPError(.malformed, "bad HTTP version"))
      }
      return .incomplete
    }
    for index in 5..<10 where !Self.fits(base[start + index], at: index) {
      return .failure(HTTPError(.malformed, "bad HTTP version"))
    }
    guard base[start + 5] == UInt8(ascii: "1") else {
      return .failure(HTTPError(.versionNotSupported, "only HTTP/1.1 is spoken here"))
    }
    // A later minor version is read as 1.1 (RFC 9110, 2.5).
    minorVersion = min(base[start + 7] - 0x30, 1)
    finish(&self, start + 10)
    return .complete(end: start + 10)
  }

  @inline(__always)
  private static func fits(_ byte: UInt8, at offset: Int) -> Bool {
    switch offset {
    case 5, 7: byte &- 0x30 < 10
    case 6: byte == UInt8(ascii: ".")
    case 8: byte == 0x0d
    default: byte == 0x0a
    }
  }

  // MARK: Fields

  /// Notes what a field means for the message's framing and the connection.
  @inline(__always)
  private mutating func take(_ line: FieldLine) -> HTTPError? {
    present |= HTTPHeaders.bit(line.name, line.nameCount)
    switch line.nameCount {
    case 4 where line.nameIs("host"):
      guard !hasHost else { return HTTPError(.malformed, "more than one Host") }
      hasHost = true
      guard HostSyntax.isValid(line.value, line.valueCount) else { return HTTPError(.malformed, "bad Host") }
    case 6 where line.nameIs("expect"):
      guard line.valueIs("100-continue") else { return HTTPError(.expectationFailed, "unknown expectation") }
      expectsContinue = true
    case 7 where line.nameIs("upgrade"):
      line.forEachMember { if CharacterClass.spell($0, $1, "websocket") { namesWebSocket = true } }
    case 10 where line.nameIs("connection"):
      line.forEachMember { member, count in
        if CharacterClass.spell(member, count, "close") {
          saysClose = true
        } else if CharacterClass.spell(member, count, "keep-alive") {
          saysKeepAlive = true
        } else if CharacterClass.spell(member, count, "upgrade") {
          saysUpgrade = true
        }
      }
    case 14 where line.nameIs("content-length"):
      guard contentLength < 0 else { return HTTPError(.malformed, "more than one Content-Length") }
      contentLength = line.length
      guard contentLength >= 0 else { return HTTPError(.malformed, "bad Content-Length") }
    case 17 where line.nameIs("transfer-encoding"):
      guard !isChunked else { return HTTPError(.malformed, "more than one Transfer-Encoding") }
      guard line.valueIs("chunked") else { return HTTPError(.malformed, "unknown Transfer-Encoding") }
      isChunked = true
    default: break
    }
    return nil
  }

  /// What can be said only when the head is complete.
  private func check(_ base: UnsafePointer<UInt8>, _ limits: HTTPLimits) -> HTTPError? {
    if isChunked {
      // Two readings of where the message ends are how requests are smuggled (RFC 9112, 6.1).
      if contentLength >= 0 { return HTTPError(.malformed, "both Content-Length and Transfer-Encoding") }
      if minorVersion == 0 { return HTTPError(.malformed, "Transfer-Encoding in HTTP/1.0") }
    }
    if !hasHost && minorVersion > 0 { return HTTPError(.malformed, "Host is missing") }
    return checkTarget(base)
  }

  /// origin-form; absolute-form of http and https; `*` for OPTIONS. CONNECT is for proxies (RFC 9112, 3.2).
  private func checkTarget(_ base: UnsafePointer<UInt8>) -> HTTPError? {
    let isConnect =
      method.count == 7 && HTTPMethod(token: base + method.lowerBound, count: method.count) == .connect
    if isConnect { return HTTPError(.methodNotSupported, "CONNECT is not supported") }
    let bytes = UnsafeRawBufferPointer(start: base + target.lowerBound, count: target.count)
    if bytes[0] == UInt8(ascii: "/") { return nil }
    if bytes.count == 1, bytes[0] == UInt8(ascii: "*") {
      let isOptions = HTTPMethod(token: base + method.lowerBound, count: method.count) == .options
      return isOptions ? nil : HTTPError(.malformed, "bad request target")
    }
    guard let start = HTTPRequest.authorityStart(bytes) else { return HTTPError(.malformed, "bad request target") }
    var end = start
    while end < bytes.count, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
    return HostSyntax.isValid(base + target.lowerBound + start, end - start)
      ? nil : HTTPError(.malformed, "bad request target")
  }
}
