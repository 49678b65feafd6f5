import Glibc

/// IMF-fixdate, the form of times in HTTP (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
  static let count = 29

  package static func format(secondsSince1970 seconds: Int64) -> String {
    String(unsafeUninitializedCapacity: count) {
      write(secondsSince1970: seconds, into: $0.baseAddress!)
      return count
    }
  }

  /// Writes the 29 bytes of the date.
  static func write(secondsSince1970 seconds: Int64, into out: UnsafeMutablePointer<UInt8>) {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    let days: StaticString = "SunMonTueWedThuFriSat"
    let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
    func put(_ value: Int32, _ width: Int, at start: Int) {
      var rest = value
      for index in stride(from: start + width - 1, through: start, by: -1) {
        out[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
        rest /= 10
      }
    }
    let template: StaticString = "___, __ ___ ____ __:__:__ GMT"
    out.update(from: template.utf8Start, count: count)
    out.update(from: days.utf8Start + 3 * Int(parts.tm_wday), count: 3)
    put(parts.tm_mday, 2, at: 5)
    (out + 8).update(from: months.utf8Start + 3 * Int(parts.tm_mon), count: 3)
    put(parts.tm_year + 1900, 4, at: 12)
    put(parts.tm_hour, 2, at: 17)
    put(parts.tm_min, 2, at: 20)
    put(parts.tm_sec, 2, at: 23)
  }
}
