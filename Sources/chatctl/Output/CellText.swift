import Primitives

/// Values as people read them.
enum CellText {
  /// A text of somebody else's, on one line: what could move a terminal's cursor or colour it becomes U+FFFD.
  static func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n", "\r", "\t": shown.append(" ")
      default: shown.append(isControl(scalar) ? "\u{fffd}" : scalar)
      }
    }
    return String(shown)
  }

  /// C0, DEL, C1, and what turns the writing's direction.
  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f..<0xa0, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069: true
    default: false
    }
  }

  /// Seconds are exact enough: `2026-11-21T20:50:11Z`.
  static func time(_ time: Timestamp) -> String {
    let text = "\(time)"
    guard let dot = text.firstIndex(of: ".") else { return text }
    return "\(text[..<dot])Z"
  }

  /// Two units at most: `3d4h`, `2m10s`, `1.2s`, `350ms`, `80µs`.
  static func span(_ duration: Duration) -> String {
    let seconds = RecordValue.seconds(duration)
    if seconds < 0 { return "-" + span(.zero - duration) }
    if seconds == 0 { return "0s" }
    if seconds < 0.001 { return "\(Int(seconds * 1e6))µs" }
    if seconds < 1 { return "\(Int(seconds * 1e3))ms" }
    if seconds < 10 { return "\((seconds * 10).rounded(.down) / 10)s" }
    let whole = Int(seconds)
    let parts = [(whole / 86_400, "d"), (whole / 3600 % 24, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")]
    let first = parts.firstIndex { $0.0 > 0 } ?? 3
    return parts[first..<min(first + 2, 4)].filter { $0.0 > 0 }.map { "\($0.0)\($0.1)" }.joined()
  }

  /// `3.2 MiB`.
  static func size(_ bytes: Int) -> String {
    var size = Double(bytes)
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while size.magnitude >= 1024, unit < units.count - 1 {
      size /= 1024
      unit += 1
    }
    return unit == 0 ? "\(bytes) B" : "\((size * 10).rounded() / 10) \(units[unit])"
  }

  /// `12,034`.
  static func grouped(_ number: Int) -> String { number.grouped }
}
