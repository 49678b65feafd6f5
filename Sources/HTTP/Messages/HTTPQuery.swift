/// A query of `name=value` pairs (application/x-www-form-urlencoded), decoded as it is asked.
package struct HTTPQuery: Sendable {
  /// The query as it was sent, without the question mark.
  package let text: String

  package init(_ text: String) { self.text = text }

  /// Whether every escape can be decoded, to UTF-8. What cannot be is skipped when values are asked for; a server should
  /// refuse it (`Router` and Engine.IO do) rather than act on the rest.
  package var isWellFormed: Bool {
    var copy = text
    return copy.withUTF8 { bytes in
      // What the parser lets through is ASCII.
      guard bytes.contains(where: { $0 == UInt8(ascii: "%") || $0 >= 0x80 }) else { return true }
      return PercentEncoding.decode(UnsafeRawBufferPointer(bytes), plusIsSpace: true) != nil
    }
  }

  /// The first value of that name; a name without `=` has the empty value. A value that cannot be decoded is absent.
  package subscript(name: String) -> String? {
    for (key, value) in self where key == name { return value }
    return nil
  }

  package func values(of name: String) -> [String] { compactMap { $0.name == name ? $0.value : nil } }
}

extension HTTPQuery: Sequence {
  package struct Iterator: IteratorProtocol {
    fileprivate var rest: Substring.UTF8View

    package mutating func next() -> (name: String, value: String)? {
      while !rest.isEmpty {
        let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.endIndex
        let pair = rest[..<end]
        rest = end == rest.endIndex ? rest[end...] : rest[rest.index(after: end)...]
        guard !pair.isEmpty else { continue }
        let equals = pair.firstIndex(of: UInt8(ascii: "="))
        let value = equals.map { pair[pair.index(after: $0)...] } ?? pair[pair.endIndex...]
        if let name = Self.decode(pair[..<(equals ?? pair.endIndex)]), let value = Self.decode(value) {
          return (name, value)
        }
      }
      return nil
    }

    private static func decode(_ part: Substring.UTF8View) -> String? {
      var copy = String(Substring(part))
      return copy.withUTF8 { PercentEncoding.decode(UnsafeRawBufferPointer($0), plusIsSpace: true) }
    }
  }

  package func makeIterator() -> Iterator { Iterator(rest: text[...].utf8) }
}
