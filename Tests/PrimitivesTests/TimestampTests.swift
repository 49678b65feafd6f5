import Primitives
import Testing

@Suite("Times")
struct TimestampTests {
  @Test(
    "RFC 3339 is parsed to the microsecond",
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00z", 0), ("1970-01-01 00:00:01Z", 1_000_000),
      ("1969-12-31T23:59:59.999999Z", -1), ("1985-04-12T23:20:50.52Z", 482_196_050_520_000),
      ("1996-12-19T16:39:57-08:00", 851_042_397_000_000), ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130_000),
      ("2000-02-29T12:00:00-00:00", 951_825_600_000_000), ("1970-01-01T00:00:00.1234567Z", 123_456),
      ("1970-01-01T00:00:00.000000999999999999Z", 0), ("0000-01-01T00:00:00Z", -62_167_219_200_000_000),
      ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999), ("1970-01-01T23:59:00+23:59", 0),
    ] as [(String, Int64)])
  func parsed(_ text: String, _ microseconds: Int64) {
    #expect(Timestamp(rfc3339: text)?.microseconds == microseconds)
  }

  @Test("a leap second is clamped, and refused where there can be none")
  func leapSeconds() {
    #expect(Timestamp(rfc3339: "1990-12-31T23:59:60Z") == Timestamp(rfc3339: "1990-12-31T23:59:59.999999Z"))
    #expect(Timestamp(rfc3339: "1990-12-31T15:59:60-08:00") == Timestamp(rfc3339: "1990-12-31T23:59:60Z"))
    #expect(Timestamp(rfc3339: "1990-12-31T23:58:60Z") == nil)
    #expect(Timestamp(rfc3339: "1990-12-31T23:59:61Z") == nil)
  }

  @Test(
    "what is no time is refused",
    arguments: [
      "", "1970", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00Z", "1970-13-01T00:00:00Z",
      "1970-00-01T00:00:00Z", "1970-01-00T00:00:00Z", "1970-04-31T00:00:00Z", "1970-02-29T00:00:00Z",
      "1900-02-29T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z", "1970-01-01T00:00:00.Z",
      "1970-01-01T00:00:00,5Z", "1970-01-01T00:00:00+0100", "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+01:60",
      "1970-01-01T00:00:00Zx", "1970-01-01T00:00:00+01:00x", " 1970-01-01T00:00:00Z", "1970-01-01X00:00:00Z",
      "+970-01-01T00:00:00Z", "1970-1-01T00:00:000Z", "1970-01-01T00:00:00.5", "0000-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01", "１970-01-01T00:00:00Z",
    ])
  func refused(_ text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test("what is written can be read, through five centuries")
  func roundTrip() {
    var microseconds: Int64 = -8_000_000_000_000_000
    while microseconds < 8_000_000_000_000_000 {
      let time = Timestamp(microseconds: microseconds)
      #expect(Timestamp(rfc3339: time.description) == time)
      microseconds += 86_400_000_000 * 3 + 3_723_004_000
    }
  }
}
