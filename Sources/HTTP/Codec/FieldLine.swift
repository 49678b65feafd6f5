/// One line of a head: `name ":" OWS value OWS CRLF` (RFC 9112, 5), checked as it is scanned.
struct FieldLine {
  enum Outcome {
    /// The line is not complete yet.
    case incomplete
    /// The empty line that ends the section.
    case end(next: Int)
    case field(FieldLine, next: Int)
    case failure(HTTPError)
  }

  let name: UnsafePointer<UInt8>
  let nameCount: Int
  /// The value without the blanks around it.
  let value: UnsafePointer<UInt8>
  let valueCount: Int

  /// Scans the line that begins at `start`; only bytes before `end` are looked at.
  @inline(__always)
  static func scan(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Outcome {
    var index = start
    while index < end, CharacterClass.isToken(base[index]) { index &+= 1 }
    guard index < end else { return .incomplete }
    guard base[index] == UInt8(ascii: ":"), index > start else { return notAName(base, start, index, end) }
    let nameCount = index - start
    let lineEnd = CharacterClass.firstControl(base, from: index + 1, to: end)
    guard lineEnd + 1 < end else {
      if lineEnd < end, base[lineEnd] != 0x0d { return .failure(badValue(base[lineEnd])) }
      return .incomplete
    }
    guard base[lineEnd] == 0x0d, base[lineEnd + 1] == 0x0a else {
      return .failure(badValue(base[lineEnd]))
    }
    var first = index + 1
    var last = lineEnd
    while first < last, CharacterClass.isBlank(base[first]) { first &+= 1 }
    while last > first, CharacterClass.isBlank(base[last &- 1]) { last &-= 1 }
    let line = FieldLine(name: base + start, nameCount: nameCount, value: base + first, valueCount: last - first)
    return .field(line, next: lineEnd + 2)
  }

  @inline(never)
  private static func notAName(_ base: UnsafePointer<UInt8>, _ start: Int, _ index: Int, _ end: Int) -> Outcome {
    switch base[index] {
    case 0x0d where index == start:
      guard index + 1 < end else { return .incomplete }
      if base[index + 1] == 0x0a { return .end(next: index + 2) }
      return .failure(HTTPError(.malformed, "bare CR in the head"))
    case 0x20, 0x09:
      return .failure(
        index == start
          ? HTTPError(.malformed, "folded field line") : HTTPError(.malformed, "blank before a field's colon"))
    case UInt8(ascii: ":"): return .failure(HTTPError(.malformed, "field without a name"))
    case 0x0a: return .failure(HTTPError(.malformed, "line ends with LF alone"))
    default: return .failure(HTTPError(.malformed, "bad field name"))
    }
  }

  private static func badValue(_ byte: UInt8) -> HTTPError {
    switch byte {
    case 0x0d: HTTPError(.malformed, "bare CR in a field value")
    case 0x0a: HTTPError(.malformed, "line ends with LF alone")
    default: HTTPError(.malformed, "control character in a field value")
    }
  }

  @inline(__always)
  func nameIs(_ text: StaticString) -> Bool { CharacterClass.spell(name, nameCount, text) }

  @inline(__always)
  func valueIs(_ text: StaticString) -> Bool { CharacterClass.spell(value, valueCount, text) }

  /// The value as a Content-Length (RFC 9110, 8.6): digits and nothing else; -1 for anything that is not that.
  var length: Int {
    guard valueCount > 0, valueCount <= 18 else { return -1 }
    var result = 0
    for index in 0..<valueCount {
      let digit = value[index] &- 0x30
      guard digit < 10 else { return -1 }
      result = result * 10 + Int(digit)
    }
    return result
  }

  /// Calls `body` with each member of the comma-separated list, without blanks around it.
  func forEachMember(_ body: (UnsafePointer<UInt8>, Int) -> Void) {
    var start = 0
    while start <= valueCount {
      var end = start
      while end < valueCount, value[end] != UInt8(ascii: ",") { end += 1 }
      var first = start
      var last = end
      while first < last, CharacterClass.isBlank(value[first]) { first += 1 }
      while last > first, CharacterClass.isBlank(value[last - 1]) { last -= 1 }
      if last > first { body(value + first, last - first) }
      start = end + 1
    }
  }
}
