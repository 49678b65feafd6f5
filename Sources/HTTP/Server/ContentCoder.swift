/// Decides about a server's answers which go out as gzip, and makes them that. Belongs to one loop.
final class ContentCoder {
  private let settings: HTTPCompression
  /// Serves bodies that are there; a streamed one has its own.
  private var shared: Deflater?
  private var output = GatheredBytes()

  /// Larger bodies are compressed in parts, and others get their turn between them.
  private static let atOnce = 256 << 10
  private static let part = 64 << 10

  init(_ settings: HTTPCompression) { self.settings = settings }

  private func deflater() -> Deflater? {
    Deflater(.gzip, windowBits: 15, level: settings.level, memoryLevel: 8)
  }

  /// The answer as it goes to a client that takes gzip, or does not: a cache must know that there are two (`Vary`).
  func encode(_ response: HTTPResponse, takesGzip: Bool) -> HTTPResponse {
    guard isEligible(response) else { return response }
    var varied = response
    if !response.headers.hasToken("accept-encoding", in: "vary"), !response.headers.hasToken("*", in: "vary") {
      varied.headers.append("vary", "Accept-Encoding")
    }
    guard takesGzip, let body = compress(response.body) else { return varied }
    varied.body = body
    varied.headers.append("content-encoding", "gzip")
    // The bytes are others than those that a strong validator stands for (RFC 9110, 8.8.3).
    if let tag = response.headers["etag"], !tag.hasPrefix("W/") { varied.headers.set("etag", "W/" + tag) }
    return varied
  }

  private func isEligible(_ response: HTTPResponse) -> Bool {
    switch response.body {
    case .empty, .sized: return false
    case .bytes(let bytes): if bytes.count < settings.threshold { return false }
    case .stream: break
    }
    let headers = response.headers
    guard !response.status.forbidsBody, response.status != .partialContent, !headers.contains("content-encoding"),
      !headers.contains("content-range"), headers.withValue(of: "content-type", Self.shrinks) == true
    else { return false }
    return !headers.contains("cache-control") || !headers.hasToken("no-transform", in: "cache-control")
  }

  /// nil when it is better left as it is.
  private func compress(_ body: HTTPBody) -> HTTPBody? {
    switch body {
    case .empty, .sized: return nil
    case .bytes(let bytes) where bytes.count <= Self.atOnce:
      if shared == nil { shared = deflater() }
      guard let shared else { return nil }
      shared.reset()
      output.removeAll(keepingUpTo: CompressionPool.outputKept)
      bytes.withUnsafeBytes { shared.compress($0, .finish, into: &output) }
      return output.count < bytes.count ? .bytes([UInt8](output.bytes)) : nil
    case .bytes(let bytes):
      return stream { writer in
        for start in stride(from: 0, to: bytes.count, by: Self.part) {
          let end = min(start + Self.part, bytes.count)
          bytes.withUnsafeBytes { writer.put(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
          try await writer.ready()
          await Task.yield()
        }
      }
    case .stream(let produce): return stream(produce)
    }
  }

  private func stream(_ produce: @escaping @Sendable (HTTPBodyWriter) async throws -> Void) -> HTTPBody? {
    let level = settings.level
    return .stream { writer in
      writer.compress(level: level)
      try await produce(writer)
    }
  }

  // MARK: What shrinks

  /// Text, and what is written as text. Not event streams: each event has to go out by itself.
  static func shrinks(_ type: UnsafeRawBufferPointer) -> Bool {
    let end = type.firstIndex { $0 == UInt8(ascii: ";") || CharacterClass.isBlank($0) } ?? type.endIndex
    guard let base = type.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
    func begins(_ text: StaticString) -> Bool {
      end >= text.utf8CodeUnitCount && CharacterClass.spell(base, text.utf8CodeUnitCount, text)
    }
    func ends(_ text: StaticString) -> Bool {
      end >= text.utf8CodeUnitCount
        && CharacterClass.spell(base + end - text.utf8CodeUnitCount, text.utf8CodeUnitCount, text)
    }
    if begins("text/") { return !(end == 17 && begins("text/event-stream")) }
    return ends("json") || ends("+xml") || ends("/xml") || ends("javascript") || ends("yaml") || ends("/wasm")
      || begins("application/openmetrics-text")
  }

  /// Whether a request's `Accept-Encoding` prefers gzip to nothing (RFC 9110, 12.5.3). Asked for every request, so it is
  /// read where it lies. Where there are several such fields the first counts.
  @inline(__always)
  static func takesGzip(_ headers: borrowing HTTPHeaders) -> Bool {
    headers.withValue(of: "accept-encoding") { prefersGzip($0) } ?? false
  }

  private static func prefersGzip(_ list: UnsafeRawBufferPointer) -> Bool {
    guard let base = list.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
    var gzip: Int?
    var any: Int?
    var identity = 0
    var start = 0
    while start < list.count {
      var end = start
      while end < list.count, base[end] != UInt8(ascii: ",") { end += 1 }
      while start < end, CharacterClass.isBlank(base[start]) { start += 1 }
      var name = start
      while name < end, CharacterClass.isToken(base[name]) { name += 1 }
      if let weight = weight(base, name, end) {
        let coding = base + start
        let count = name - start
        if CharacterClass.spell(coding, count, "gzip") || CharacterClass.spell(coding, count, "x-gzip") {
          gzip = max(gzip ?? 0, weight)
        } else if CharacterClass.spell(coding, count, "identity") {
          identity = weight
        } else if count == 1, base[start] == UInt8(ascii: "*") {
          any = weight
        }
      }
      start = end + 1
    }
    let wanted = gzip ?? any ?? 0
    return wanted > 0 && wanted >= identity
  }

  /// `[ OWS ";" OWS "q=" 0.123 ]` in thousandths; nil for anything else.
  private static func weight(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int? {
    var index = start
    func skipBlanks() { while index < end, CharacterClass.isBlank(base[index]) { index += 1 } }
    skipBlanks()
    if index == end { return 1000 }
    guard base[index] == UInt8(ascii: ";") else { return nil }
    index += 1
    skipBlanks()
    guard index + 2 < end, base[index] | 0x20 == UInt8(ascii: "q"), base[index + 1] == UInt8(ascii: "=") else {
      return nil
    }
    index += 2
    guard base[index] == UInt8(ascii: "0") || base[index] == UInt8(ascii: "1") else { return nil }
    var value = Int(base[index] - 0x30) * 1000
    index += 1
    if index < end, base[index] == UInt8(ascii: ".") {
      index += 1
      var scale = 100
      while index < end, base[index] &- 0x30 < 10, scale > 0 {
        value += Int(base[index] - 0x30) * scale
        scale /= 10
        index += 1
      }
    }
    skipBlanks()
    return index == end && value <= 1000 ? value : nil
  }
}
