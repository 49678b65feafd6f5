package import Networking

/// A request, its body complete.
package struct HTTPRequest: Sendable {
  /// What the parser has found out about the head.
  struct Flags: OptionSet, Sendable {
    let rawValue: UInt8
    /// The connection may serve another request after this one.
    static let keepAlive = Flags(rawValue: 1)
    /// HTTP/1.0: no chunks, no 100.
    static let isVersion10 = Flags(rawValue: 2)
    /// `Connection: upgrade` and an `Upgrade` field with `websocket`.
    static let upgradesToWebSocket = Flags(rawValue: 4)
    /// The client takes gzip; looked at only where the server compresses.
    static let takesGzip = Flags(rawValue: 8)
  }

  package let method: HTTPMethod
  package var headers: HTTPHeaders {
    get { lines }
    set { lines.replaceFields(with: newValue) }
  }
  package var body: [UInt8]
  /// The client, or what a trusted proxy says the client is.
  package var peer: SocketAddress?
  package var isSecure = false
  /// The fields, and before them the request line with the target: one array for all of a request's head.
  private var lines: HTTPHeaders
  private let targetRange: Range<Int32>
  let flags: Flags

  init(
    method: HTTPMethod, head: [UInt8], target: Range<Int32>, fieldsStart: Int, fieldCount: Int, present: UInt64,
    flags: Flags
  ) {
    self.method = method
    targetRange = target
    lines = HTTPHeaders(bytes: head, start: fieldsStart, present: present, count: fieldCount)
    self.flags = flags
    body = []
  }

  /// A request to send, or one for a test of a handler. `target` is the path with its query.
  package init(
    _ method: HTTPMethod, _ target: String, headers: HTTPHeaders = [:], body: [UInt8] = [], peer: SocketAddress? = nil
  ) {
    self.method = method
    let line = Array(target.utf8)
    targetRange = 0..<Int32(line.count)
    lines = HTTPHeaders(bytes: line, start: line.count, present: 0, count: 0)
    lines.replaceFields(with: headers)
    self.body = body
    self.peer = peer
    flags = .keepAlive
  }

  /// The request target as it was sent: `/a/b?c=d`, an absolute URI, or `*` (RFC 9112, 3.2).
  package var target: String { withTarget { String(decoding: $0, as: UTF8.self) } }

  /// The target's path, percent-decoded; `*` for the asterisk form. Compare whole segments (`Router` does), for a
  /// decoded segment may contain a slash.
  package var path: String { withPath { PercentEncoding.decode($0) ?? String(decoding: $0, as: UTF8.self) } }

  /// The target's query, decoded on demand.
  package var query: HTTPQuery {
    withTarget { target in
      guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return HTTPQuery("") }
      return HTTPQuery(String(decoding: UnsafeRawBufferPointer(rebasing: target[(mark + 1)...]), as: UTF8.self))
    }
  }

  /// Whether the query, if there is one, can be decoded: `query.isWellFormed`, without making a String of it.
  var hasWellFormedQuery: Bool {
    withTarget { target in
      guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return true }
      let query = UnsafeRawBufferPointer(rebasing: target[(mark + 1)...])
      guard query.contains(UInt8(ascii: "%")) else { return true }
      return PercentEncoding.decode(query, plusIsSpace: true) != nil
    }
  }

  /// The host that is asked for: of the target when that is absolute, else the `Host` field (RFC 9112, 3.2.2).
  package var host: String? {
    let authority = withTarget { target -> String? in
      guard let first = target.first, first != UInt8(ascii: "/"), let start = Self.authorityStart(target) else {
        return nil
      }
      let rest = target[start...]
      let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
      return String(decoding: UnsafeRawBufferPointer(rebasing: rest[..<end]), as: UTF8.self)
    }
    return authority ?? headers["host"]
  }

  /// True when this is the opening handshake of a WebSocket, right or wrong.
  package var isWebSocketUpgrade: Bool { flags.contains(.upgradesToWebSocket) }

  func withTarget<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    lines.bytes.withUnsafeBytes {
      body(UnsafeRawBufferPointer(rebasing: $0[Int(targetRange.lowerBound)..<Int(targetRange.upperBound)]))
    }
  }

  /// The path's bytes, not decoded and without the query.
  func withPath<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    withTarget { target in
      var start = 0
      if let first = target.first, first != UInt8(ascii: "/"), let authority = Self.authorityStart(target) {
        start = target[authority...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? target.count
      }
      var end = start
      while end < target.count, target[end] != UInt8(ascii: "?") { end += 1 }
      if start == end { return "/".utf8.withContiguousStorageIfAvailable { body(UnsafeRawBufferPointer($0)) }! }
      return body(UnsafeRawBufferPointer(rebasing: target[start..<end]))
    }
  }

  /// Where the authority of an absolute target begins.
  static func authorityStart(_ target: UnsafeRawBufferPointer) -> Int? {
    guard let base = target.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
    if target.count > 7, CharacterClass.spell(base, 7, "http://") { return 7 }
    if target.count > 8, CharacterClass.spell(base, 8, "https://") { return 8 }
    return nil
  }
}
