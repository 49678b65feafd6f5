/// Spans of time as people write them: `500ms`, `2s`, `5m`, `1h30m`.
extension Duration {
  private static let units: [(name: String, nanoseconds: Int)] = [
    ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
    ("ms", 1_000_000), ("us", 1000), ("µs", 1000), ("ns", 1),
  ]

  /// One or more numbers with units, the larger units first: `d`, `h`, `m`, `s`, `ms`, `us` (or `µs`), `ns`. Nil for
  /// anything else, for a number without a unit (but `0` is fine), and for more than 292 years.
  package init?(text: some StringProtocol) {
    if text == "0" {
      self = .zero
      return
    }
    var rest = Substring(text)
    var total = 0
    var previous = Int.max
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let number = rest.utf8.prefix { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
      rest = rest[number.endIndex...]
      let name = rest.prefix { !("0"..."9").contains($0) && $0 != "." }
      rest = rest[name.endIndex...]
      guard let unit = Self.units.first(where: { $0.name == name }), unit.nanoseconds < previous,
        let nanoseconds = DecimalText.scaled(Array(number), by: unit.nanoseconds)
      else { return nil }
      previous = unit.nanoseconds
      let sum = total.addingReportingOverflow(nanoseconds)
      guard !sum.overflow else { return nil }
      total = sum.partialValue
    }
    self = .nanoseconds(total)
  }

  /// The shortest exact form down to nanoseconds: `1h30m`, `500ms`, `0s`. `init(text:)` reads it back unless it is
  /// negative.
  package var text: String {
    let (seconds, attoseconds) = components
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return "\(seconds)s" }
    var rest = Int(whole) + Int(attoseconds / 1_000_000_000)
    guard rest != 0 else { return "0s" }
    var result = rest < 0 ? "-" : ""
    rest = abs(rest)
    for unit in Self.units where unit.name != "us" && rest >= unit.nanoseconds {
      result += "\(rest / unit.nanoseconds)\(unit.name)"
      rest %= unit.nanoseconds
    }
    return result
  }
}
