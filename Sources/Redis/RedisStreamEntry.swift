/// The place of an entry in a stream.
package struct RedisStreamID: Hashable, Comparable, Sendable, CustomStringConvertible, RedisArgument {
  package var milliseconds: UInt64
  package var sequence: UInt64

  /// Before every entry.
  package static let zero = RedisStreamID(milliseconds: 0, sequence: 0)

  package init(milliseconds: UInt64, sequence: UInt64) {
    self.milliseconds = milliseconds
    self.sequence = sequence
  }

  /// After every entry.
  package static let max = RedisStreamID(milliseconds: .max, sequence: .max)

  /// The place just before this one.
  package var predecessor: RedisStreamID {
    if sequence > 0 { return RedisStreamID(milliseconds: milliseconds, sequence: sequence - 1) }
    return milliseconds > 0 ? RedisStreamID(milliseconds: milliseconds - 1, sequence: .max) : .zero
  }

  /// Parses `1526919030474-55`.
  package init?(_ text: some StringProtocol) { self.init(utf8: Array(text.utf8)) }

  /// Parses `1526919030474-55`: each record that is read has one.
  init?(utf8 text: [UInt8]) {
    var numbers: (UInt64, UInt64) = (0, 0)
    var digits = 0
    var isSecond = false
    for byte in text {
      if byte == UInt8(ascii: "-"), digits > 0, !isSecond {
        numbers.0 = numbers.1
        numbers.1 = 0
        isSecond = true
        digits = 0
        continue
      }
      guard byte >= 0x30, byte <= 0x39 else { return nil }
      let (product, isTooLarge) = numbers.1.multipliedReportingOverflow(by: 10)
      let (sum, overflows) = product.addingReportingOverflow(UInt64(byte - 0x30))
      guard !isTooLarge, !overflows else { return nil }
      numbers.1 = sum
      digits += 1
    }
    guard isSecond, digits > 0 else { return nil }
    self.init(milliseconds: numbers.0, sequence: numbers.1)
  }

  package static func < (a: RedisStreamID, b: RedisStreamID) -> Bool {
    (a.milliseconds, a.sequence) < (b.milliseconds, b.sequence)
  }

  package var description: String { "\(milliseconds)-\(sequence)" }

  package func encode(into encoder: CommandEncoder) { encoder.bulk(description) }
}

/// An entry of a stream: named values.
package struct RedisStreamEntry: Equatable, Sendable {
  package struct Field: Equatable, Sendable {
    package var name: String
    package var value: [UInt8]
  }

  package var id: RedisStreamID
  /// In the order in which they were added; empty for an entry that has been deleted since it was delivered.
  package var fields: [Field]

  /// The first field of that name.
  package subscript(_ name: String) -> [UInt8]? { fields.first { $0.name == name }?.value }

  init?(_ value: RedisValue) {
    guard let parts = value.array, parts.count == 2, let id = parts[0].bytes.flatMap({ RedisStreamID(utf8: $0) }) else {
      return nil
    }
    self.id = id
    let values = parts[1].array ?? []
    fields = stride(from: 0, to: values.count - 1, by: 2).compactMap { index in
      guard let name = values[index].string, let bytes = values[index + 1].bytes else { return nil }
      return Field(name: name, value: bytes)
    }
  }

  /// The entries of an array; one that was deleted meanwhile is null there (Redis 6) and left out.
  static func list(_ value: RedisValue) -> [RedisStreamEntry] {
    (value.array ?? []).compactMap { RedisStreamEntry($0) }
  }
}
