/// What `Range` (RFC 9110, 14.2) asks for of a file. Several ranges, other units and what cannot be read count as nothing
/// asked for.
enum ByteRange: Equatable {
  case whole
  case part(Range<Int64>)
  case unsatisfiable

  init(_ field: String?, of size: Int64) {
    self = .whole
    guard let field, field.lowercased().hasPrefix("bytes=") else { return }
    let ends = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]) else { return }
    switch (first, last) {
    case (nil, nil): return
    // The last bytes.
    case (nil, let count?): self = count == 0 ? .unsatisfiable : .part(max(0, size - count)..<size)
    case (let start?, let last):
      if let last, last < start { return }
      self = start >= size ? .unsatisfiable : .part(start..<(min(last ?? size - 1, size - 1) + 1))
    }
  }

  /// Nil for what is no number, nil within for nothing.
  private static func number(_ text: Substring) -> Int64?? {
    if text.isEmpty { return .some(nil) }
    guard text.utf8.count <= 18, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return .some(Int64(text))
  }
}
