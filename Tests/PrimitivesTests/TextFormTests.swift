import Primitives
import Testing

@Suite("Spans, sizes and near misses in text")
struct TextFormTests {
  @Test(
    "a duration reads as written",
    arguments: [
      ("500ms", .milliseconds(500)), ("2s", .seconds(2)), ("5m", .seconds(300)), ("1h30m", .seconds(5400)),
      ("1.5s", .milliseconds(1500)), ("0", .zero), ("0s", .zero), ("7d", .seconds(604_800)), ("3us", .microseconds(3)),
      ("3µs", .microseconds(3)), ("9ns", .nanoseconds(9)), ("1s500ms", .milliseconds(1500)), ("0.25m", .seconds(15)),
    ] as [(String, Duration)])
  func durations(text: String, value: Duration) {
    #expect(Duration(text: text) == value)
    #expect(Duration(text: value.text) == value)
  }

  @Test(
    "what is no duration is refused",
    arguments: [
      "", "5", "s", "5x", "5 s", "-5s", "5s5m", "5s5s", "1.s", ".5s", "1.5ns", "1..5s", "99999999999d", "1e3s", "٣s",
    ])
  func noDurations(text: String) {
    #expect(Duration(text: text) == nil)
  }

  @Test(
    "a size reads as written",
    arguments: [
      ("0", 0), ("512", 512), ("512B", 512), ("16KiB", 16384), ("16 KiB", 16384), ("16kib", 16384),
      ("1.5GB", 1_500_000_000),
      ("1kb", 1000), ("2MiB", 2_097_152), ("0.5KiB", 512), ("1TiB", 1 << 40),
    ])
  func sizes(text: String, bytes: Int) {
    #expect(ByteCount(text: text)?.bytes == bytes)
    #expect(ByteCount(text: ByteCount(bytes: bytes).description)?.bytes == bytes)
  }

  @Test(
    "what is no size is refused",
    arguments: ["", "B", "K", "16K", "-1", "1.5", "1.0001KiB", "16 ", "1  KiB", "16KiBx", "99999999999GiB", "1e3"])
  func noSizes(text: String) {
    #expect(ByteCount(text: text) == nil)
  }

  @Test(
    "a near miss is told from a far one",
    arguments: [
      ("tmeout", "timeout"), ("timeuot", "timeout"), ("Timeout", "timeout"), ("timeouts", "timeout"), ("lsit", "list"),
      ("lst", "list"), ("xyz", nil), ("", nil), ("apply", nil), ("partition", "partitions"),
    ] as [(String, String?)])
  func nearest(text: String, expected: String?) {
    #expect(NearestMatch.of(text, in: ["timeout", "list", "partitions"]) == expected)
  }
}
