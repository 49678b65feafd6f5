extension Timestamp {
  /// Parses a date-time of RFC 3339, 5.6: `2026-11-21T11:40:00.123456+01:00`. `t`, `z` and a space for the `T` are
  /// taken too; `-00:00` is UTC. Digits beyond microseconds are cut off. A leap second (`:60`) is clamped to the last
  /// microsecond before it ends, as POSIX time has no place for it, and only where there can be one: at 23:59:60 UTC.
  /// nil for dates that do not exist, offsets beyond 23:59, and everything else.
  package init?(rfc3339 text: UnsafeRawBufferPointer) {
    guard text.count >= 20, text.count <= 64 else { return nil }
    func digits(_ start: Int, _ count: Int) -> Int64? {
      var value: Int64 = 0
      for index in start..<start + count {
        let digit = text[index] &- 0x30
        guard digit < 10 else { return nil }
        value = value * 10 + Int64(digit)
      }
      return value
    }
    func isAt(_ index: Int, _ character: Unicode.Scalar) -> Bool { text[index] == UInt8(ascii: character) }

    guard let year = digits(0, 4), isAt(4, "-"), let month = digits(5, 2), isAt(7, "-"), let day = digits(8, 2),
      isAt(10, "T") || isAt(10, "t") || isAt(10, " "),
      let hour = digits(11, 2), isAt(13, ":"), let minute = digits(14, 2), isAt(16, ":"), let second = digits(17, 2),
      (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year), hour < 24, minute < 60,
      second <= 60
    else { return nil }

    var position = 19
    var fraction: Int64 = 0
    if isAt(position, ".") {
      position += 1
      let start = position
      var unit: Int64 = 100_000
      while position < text.count, case let digit = text[position] &- 0x30, digit < 10 {
        fraction += Int64(digit) * unit
        unit /= 10
        position += 1
      }
      guard position > start else { return nil }
    }

    guard position < text.count else { return nil }
    var offset: Int64 = 0
    switch text[position] {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"):
      guard position + 1 == text.count else { return nil }
    case let sign where sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"):
      guard position + 6 == text.count, let hours = digits(position + 1, 2), isAt(position + 3, ":"),
        let minutes = digits(position + 4, 2), hours < 24, minutes < 60
      else { return nil }
      offset = (hours * 3600 + minutes * 60) * (sign == UInt8(ascii: "+") ? 1 : -1)
    default:
      return nil
    }

    let date = Self.day(fromYear: year, month: month, day: day) * 86_400
    var seconds = date + hour * 3600 + minute * 60 + min(second, 59) - offset
    if second == 60 {
      // 86,399 is 23:59:59 of whatever UTC day.
      guard ((seconds % 86_400) + 86_400) % 86_400 == 86_399 else { return nil }
      fraction = 999_999
    }
    if seconds < -62_167_219_200 || seconds > 253_402_300_799 {
      // An offset took it out of the years that can be written again.
      return nil
    }
    seconds *= 1_000_000
    self.init(microseconds: seconds + fraction)
  }

  /// Parses a date-time of RFC 3339; see `init(rfc3339:)` for bytes.
  package init?(rfc3339 text: some StringProtocol) {
    var copy = String(text)
    guard let value = copy.withUTF8({ Timestamp(rfc3339: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = value
  }

  private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}
