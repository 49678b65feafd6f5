import CLinux

/// A point in time: microseconds since 1970-01-01T00:00:00Z, as PostgreSQL's timestamptz resolves it.
@frozen
package struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var microseconds: Int64

  @inlinable
  package init(microseconds: Int64) { self.microseconds = microseconds }

  @inlinable
  package init(seconds: Int64) { microseconds = seconds &* 1_000_000 }

  package static func now() -> Timestamp { Timestamp(microseconds: clinux_realtime_us()) }

  /// Whole seconds since 1970, rounded down.
  package var seconds: Int64 { microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000 }

  @inlinable
  package static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }

  package static func + (time: Timestamp, duration: Duration) -> Timestamp {
    let (seconds, attoseconds) = duration.components
    return Timestamp(microseconds: time.microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
  }

  package static func - (time: Timestamp, duration: Duration) -> Timestamp { time + (.zero - duration) }

  package static func - (a: Timestamp, b: Timestamp) -> Duration { .microseconds(a.microseconds - b.microseconds) }

  /// RFC 3339 with milliseconds, in UTC: `2026-11-21T11:40:00.123Z`.
  package var description: String {
    String(unsafeUninitializedCapacity: 24) {
      write(into: $0.baseAddress!)
      return 24
    }
  }

  /// Writes the 24 bytes of `description`. Years outside 0...9999 are clamped.
  package func write(into out: UnsafeMutablePointer<UInt8>) {
    let total = min(max(microseconds, -62_167_219_200_000_000), 253_402_300_799_999_999)
    let day = total >= 0 ? total / 86_400_000_000 : (total - 86_399_999_999) / 86_400_000_000
    let (year, month, dayOfMonth) = Self.civil(fromDay: day)
    let milliseconds = UInt32(truncatingIfNeeded: (total - day * 86_400_000_000) / 1000)
    func two(_ value: UInt32, at offset: Int) {
      out[offset] = UInt8(truncatingIfNeeded: 0x30 + value / 10)
      out[offset + 1] = UInt8(truncatingIfNeeded: 0x30 + value % 10)
    }
    let years = UInt32(truncatingIfNeeded: year)
    two(years / 100, at: 0)
    two(years % 100, at: 2)
    out[4] = UInt8(ascii: "-")
    two(UInt32(truncatingIfNeeded: month), at: 5)
    out[7] = UInt8(ascii: "-")
    two(UInt32(truncatingIfNeeded: dayOfMonth), at: 8)
    out[10] = UInt8(ascii: "T")
    two(milliseconds / 3_600_000, at: 11)
    out[13] = UInt8(ascii: ":")
    two(milliseconds / 60_000 % 60, at: 14)
    out[16] = UInt8(ascii: ":")
    two(milliseconds / 1000 % 60, at: 17)
    out[19] = UInt8(ascii: ".")
    out[20] = UInt8(truncatingIfNeeded: 0x30 + milliseconds % 1000 / 100)
    two(milliseconds % 100, at: 21)
    out[23] = UInt8(ascii: "Z")
  }

  /// Days since 1970 to a date of the proleptic Gregorian calendar.
  static func civil(fromDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    // The year is taken to begin in March, so that the leap day is its last; eras are 400 years.
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }

  /// A date of the proleptic Gregorian calendar to days since 1970.
  static func day(fromYear year: Int64, month: Int64, day: Int64) -> Int64 {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
