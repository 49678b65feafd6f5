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
    case .empty: return false
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
    case .empty: return nil
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

  /// Whether a request's `Accept-Encoding` prefers gzip to nothing (RFC 9110, 12.5.3).
  static func takesGzip(_ headers: HTTPHeaders) -> Bool {
    guard headers.contains("accept-encoding") else { return false }
    var gzip: Int?
    var any: Int?
    var identity = 0
    for value in headers.values(of: "accept-encoding") {
      for member in value.utf8.split(separator: UInt8(ascii: ",")) {
        let parts = member.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map { trim($0) }
        guard let coding = parts.first, let weight = weight(parts.dropFirst()) else { continue }
        switch coding {
        case "gzip", "x-gzip": gzip = max(gzip ?? 0, weight)
        case "*": any = weight
        case "identity": identity = weight
        default: break
        }
      }
    }
    let wanted = gzip ?? any ?? 0
    return wanted > 0 && wanted >= identity
  }

  private static func trim(_ part: Substring.UTF8View) -> String {
    var bytes = part.map(CharacterClass.lowercase)[...]
    bytes = bytes.drop(while: CharacterClass.isBlank)
    while let last = bytes.last, CharacterClass.isBlank(last) { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// `q=0.123` in thousandths; nil for what is no weight.
  private static func weight(_ parameters: ArraySlice<String>) -> Int? {
    guard let parameter = parameters.first else { return 1000 }
    guard parameters.count == 1, parameter.hasPrefix("q=") else { return nil }
    let digits = Array(parameter.utf8.dropFirst(2))
    guard let first = digits.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"), digits.count <= 5,
      digits.count == 1 || digits[1] == UInt8(ascii: ".")
    else { return nil }
    var value = Int(first - 0x30) * 1000
    var scale = 100
    for digit in digits.dropFirst(2) {
      guard digit &- 0x30 < 10 else { return nil }
      value += Int(digit - 0x30) * scale
      scale /= 10
    }
    return value <= 1000 ? value : nil
  }
}
