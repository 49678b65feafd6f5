/// An amount of memory or data, written `16KiB`, `1.5GB` or `512`.
///
/// KiB, MiB, GiB and TiB are powers of 1,024; KB, MB, GB and TB powers of 1,000; B or no unit is bytes.
package struct ByteCount: Hashable, Comparable, Sendable {
  /// Never negative.
  package let bytes: Int

  package init(bytes: Int) { self.bytes = max(0, bytes) }

  package static func kibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 10) }
  package static func mebibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 20) }
  package static func gibibytes(_ count: Int) -> ByteCount { ByteCount(bytes: count << 30) }

  package static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }

  private static let units: [(name: String, factor: Int)] = [
    ("TiB", 1 << 40), ("TB", 1_000_000_000_000), ("GiB", 1 << 30), ("GB", 1_000_000_000), ("MiB", 1 << 20),
    ("MB", 1_000_000), ("KiB", 1 << 10), ("KB", 1000), ("B", 1),
  ]

  /// A number and a unit, in any letter case, with at most one blank between them. Nil for anything else, for a number
  /// that is not a whole number of bytes, and for more than fits.
  package init?(text: some StringProtocol) {
    let text = text.utf8
    let isNumber: (UInt8) -> Bool = { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    let number = text.prefix(while: isNumber)
    var rest = text.dropFirst(number.count)
    if rest.first == UInt8(ascii: " ") {
      rest = rest.dropFirst()
      guard !rest.isEmpty else { return nil }
    }
    let unit = rest.map { (0x61...0x7a).contains($0) ? $0 & 0xdf : $0 }
    let factor =
      unit.isEmpty
      ? 1 : Self.units.first { $0.name.utf8.map { (0x61...0x7a).contains($0) ? $0 & 0xdf : $0 } == unit }?.factor
    guard let factor, let scaled = DecimalText.scaled(Array(number), by: factor) else { return nil }
    bytes = scaled
  }
}

extension ByteCount: CustomStringConvertible {
  /// In the largest unit that leaves a whole number; `init(text:)` reads it back.
  package var description: String {
    guard bytes > 0 else { return "0B" }
    for unit in Self.units where bytes.isMultiple(of: unit.factor) { return "\(bytes / unit.factor)\(unit.name)" }
    return "\(bytes)B"
  }
}
