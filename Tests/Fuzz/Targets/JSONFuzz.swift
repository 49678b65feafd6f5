import JSON

/// JSON texts: a value that is written is the value that was read, and each part of it is a text of its own.
enum JSONFuzz {
  private static let limits = JSONLimits(maximumBytes: 4096, maximumDepth: 16)

  static func run(_ bytes: UnsafeRawBufferPointer) {
    guard let document = try? JSONDocument(parsing: bytes, limits: limits) else { return }
    demand(bytes.count <= limits.maximumBytes, "a text within its limit")
    demand(String(validating: bytes, as: UTF8.self) != nil, "a text is UTF-8")
    var depth = 0
    walk(document.root, 0, &depth)
    demand(depth <= limits.maximumDepth, "values no deeper than they may be")
    let value = JSONLiteral(document.root)
    let written = value.bytes
    guard let again = try? JSONDocument(parsing: written) else { return demand(false, "what is written can be read") }
    demand(isSame(JSONLiteral(again.root), value), "what is written reads the same")
    demand(JSONLiteral(again.root).bytes == written, "what is written again is the same text")
  }

  private static func walk(_ value: JSONValue, _ depth: Int, _ deepest: inout Int) {
    deepest = max(deepest, depth)
    _ = (value.string, value.int64, value.double, value.bool, value.uuid, value.timestamp, value.count)
    if depth < 3 {
      let part = try? JSONDocument(parsing: value.rawBytes)
      demand(part.map { JSONLiteral($0.root) } == JSONLiteral(value), "a part is a text of its own")
    }
    if let elements = value.array {
      demand(elements.count == value.count, "as many elements as it says")
      for (index, element) in elements.enumerated() {
        if index < 8 { demand(value[index]?.rawBytes == element.rawBytes, "an element is where it is") }
        walk(element, depth + 1, &deepest)
      }
    }
    if let members = value.object {
      demand(members.count == value.count, "as many members as it says")
      for member in members {
        demand(value[member.key] != nil, "a member is found by its key")
        walk(member.value, depth + 1, &deepest)
      }
    }
  }

  /// As JavaScript would have it: 1.0 is 1, and what is beyond a double has become null.
  static func isSame(_ a: JSONLiteral, _ b: JSONLiteral) -> Bool {
    switch (a, b) {
    case (.null, .double(let b)): !b.isFinite
    case (.integer(let a), .double(let b)): Double(a) == b
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy(isSame)
    case (.object(let a), .object(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && isSame($0.value, $1.value) }
    default: a == b
    }
  }
}
