import Glibc

/// Header fields in their order, looked up by name in any case (RFC 9110, 5).
///
/// They are kept as they go over the wire, lines in one array: a request's are the very bytes that were received, and
/// writing a response's is one copy. A filter of 64 bits says at once that a field is absent; Strings are made on demand.
package struct HTTPHeaders: Sendable {
  /// `name: value CRLF` each, from `start` on. What is before belongs to the request line.
  var bytes: [UInt8]
  var start: Int
  /// Which hashes of names occur.
  var present: UInt64
  package private(set) var count: Int

  package init() {
    bytes = []
    start = 0
    present = 0
    count = 0
  }

  init(bytes: [UInt8], start: Int, present: UInt64, count: Int) {
    self.bytes = bytes
    self.start = start
    self.present = present
    self.count = count
  }

  package var isEmpty: Bool { count == 0 }

  // MARK: Reading

  /// The first field of that name.
  package subscript(name: StaticString) -> String? {
    find(name.utf8Start, name.utf8CodeUnitCount).map(text)
  }

  /// The first field of that name. Setting replaces every field of the name; nil removes them.
  @_disfavoredOverload
  package subscript(name: String) -> String? {
    get {
      var name = name
      return name.withUTF8 { name in name.baseAddress.flatMap { find($0, name.count) } }.map(text)
    }
    set {
      remove(name)
      if let newValue { append(name, newValue) }
    }
  }

  package func contains(_ name: StaticString) -> Bool { find(name.utf8Start, name.utf8CodeUnitCount) != nil }

  /// Calls `body` with the bytes of the first field of that name, without making a String.
  package func withValue<Result>(of name: StaticString, _ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
    guard let range = find(name.utf8Start, name.utf8CodeUnitCount) else { return nil }
    return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// The values of all fields of that name, in order; lists within one are not split.
  package func values(of name: String) -> [String] {
    var found: [String] = []
    forEach { if Self.equal($0, name) { found.append($1) } }
    return found
  }

  /// Whether the comma-separated list in the fields of that name has `token`, in any case (RFC 9110, 5.6.1).
  package func hasToken(_ token: StaticString, in name: String) -> Bool {
    let token = token.description
    return values(of: name).contains { value in
      value.utf8.split(separator: UInt8(ascii: ",")).contains { part in
        Self.equal(String(Substring(part)).trimmed, token)
      }
    }
  }

  package func forEach(_ body: (_ name: String, _ value: String) -> Void) {
    var line = start
    while line < bytes.count {
      let end = lineEnd(line)
      let colon = bytes[line..<end].firstIndex(of: UInt8(ascii: ":")) ?? end
      body(
        String(decoding: bytes[line..<colon], as: UTF8.self), text(trim(min(colon + 1, end), end)))
      line = end + 2
    }
  }

  // MARK: Writing

  /// Adds a field. Bytes that cannot be in a value (CR, LF, NUL) become spaces, so that no value can add a field
  /// (RFC 9110, 5.5). A name that is no token is a programmer's mistake, and is left out.
  package mutating func append(_ name: String, _ value: String) {
    var name = name
    var value = value
    name.withUTF8 { name in value.withUTF8 { append(name, $0) } }
  }

  /// The same with the bytes of a value.
  package mutating func append(_ name: StaticString, utf8 value: UnsafeRawBufferPointer) {
    append(
      UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), value.bindMemory(to: UInt8.self))
  }

  package mutating func set(_ name: String, _ value: String) {
    remove(name)
    append(name, value)
  }

  package mutating func remove(_ name: String) {
    var name = name
    name.withUTF8 { name in
      guard let base = name.baseAddress else { return }
      while let value = find(base, name.count) {
        let end = lineEnd(value.lowerBound)
        let line = lineStart(value.lowerBound)
        bytes.removeSubrange(line..<end + 2)
        count -= 1
      }
    }
  }

  /// Takes the fields of `other`, and keeps what is before its own.
  mutating func replaceFields(with other: HTTPHeaders) {
    bytes.replaceSubrange(start..., with: other.bytes[other.start...])
    present = other.present
    count = other.count
  }

  private mutating func append(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
    guard let base = name.baseAddress, name.allSatisfy(CharacterClass.isToken) else {
      return assertionFailure("not a field's name")
    }
    let needed = bytes.count + name.count + value.count + 4
    // Room for the few fields that most answers have: growing field by field would copy them each time.
    if bytes.capacity < needed { bytes.reserveCapacity(max(needed, 160, 2 * bytes.count)) }
    bytes.append(contentsOf: name)
    bytes.append(UInt8(ascii: ":"))
    bytes.append(UInt8(ascii: " "))
    let from = bytes.count
    bytes.append(contentsOf: value)
    for index in from..<bytes.count where CharacterClass.isControl(bytes[index]) { bytes[index] = 0x20 }
    bytes.append(0x0d)
    bytes.append(0x0a)
    present |= Self.bit(base, name.count)
    count += 1
  }

  // MARK: Lines

  /// One bit of the filter for a name, whatever its case.
  @inline(__always)
  static func bit(_ name: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    guard count > 0 else { return 0 }
    let hash = count &* 5 ^ Int(name[0] | 0x20) ^ Int(name[count &- 1] | 0x20) &* 3
    return 1 << UInt64(truncatingIfNeeded: hash & 63)
  }

  /// Where the value of the first field of that name lies, without the blanks around it.
  @inline(__always)
  private func find(_ name: UnsafePointer<UInt8>, _ count: Int) -> Range<Int>? {
    present & Self.bit(name, count) == 0 ? nil : search(name, count)
  }

  private func search(_ name: UnsafePointer<UInt8>, _ count: Int) -> Range<Int>? {
    bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      var line = start
      while line < buffer.count {
        guard let found = memchr(base + line, 0x0a, buffer.count - line) else { return nil }
        let next = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - base + 1
        if line + count < next, base[line + count] == UInt8(ascii: ":"),
          CharacterClass.equalIgnoringCase(base + line, name, count)
        {
          return trim(line + count + 1, next - 2)
        }
        line = next
      }
      return nil
    }
  }

  private func trim(_ from: Int, _ to: Int) -> Range<Int> {
    var from = from
    var to = to
    while from < to, CharacterClass.isBlank(bytes[from]) { from += 1 }
    while to > from, CharacterClass.isBlank(bytes[to - 1]) { to -= 1 }
    return from..<to
  }

  private func text(_ range: Range<Int>) -> String {
    bytes.withUnsafeBufferPointer { String(decoding: UnsafeBufferPointer(rebasing: $0[range]), as: UTF8.self) }
  }

  /// Where the line's CRLF begins.
  private func lineEnd(_ from: Int) -> Int { (bytes[from...].firstIndex(of: 0x0a) ?? bytes.count + 1) - 1 }

  private func lineStart(_ from: Int) -> Int {
    var index = from
    while index > start, bytes[index - 1] != 0x0a { index -= 1 }
    return index
  }

  private static func equal(_ a: String, _ b: String) -> Bool {
    a.utf8.count == b.utf8.count
      && zip(a.utf8, b.utf8).allSatisfy { CharacterClass.lowercase($0) == CharacterClass.lowercase($1) }
  }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral fields: (String, String)...) {
    self.init()
    for (name, value) in fields { append(name, value) }
  }
}

extension HTTPHeaders: CustomStringConvertible {
  package var description: String { String(decoding: bytes[start...], as: UTF8.self) }
}

extension String {
  /// Without the blanks around it.
  fileprivate var trimmed: String {
    var part = utf8[...]
    while let first = part.first, CharacterClass.isBlank(first) { part.removeFirst() }
    while let last = part.last, CharacterClass.isBlank(last) { part.removeLast() }
    return String(Substring(part))
  }
}
