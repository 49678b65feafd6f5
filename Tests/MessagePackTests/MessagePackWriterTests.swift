import MessagePack
import Primitives
import Testing

@Suite("Writing MessagePack")
struct MessagePackWriterTests {
  private func hex(_ body: (inout MessagePackWriter) -> Void) -> String {
    var writer = MessagePackWriter(reserving: 0)
    body(&writer)
    return Hex.encode(writer.bytes)
  }

  @Test(
    "integers in their shortest form",
    arguments: [
      (0, "00"), (127, "7f"), (128, "cc80"), (255, "ccff"), (256, "cd0100"), (65535, "cdffff"), (65536, "ce00010000"),
      (4_294_967_295, "ceffffffff"), (4_294_967_296, "cf0000000100000000"), (.max, "cf7fffffffffffffff"), (-1, "ff"),
      (-32, "e0"), (-33, "d0df"), (-128, "d080"), (-129, "d1ff7f"), (-32768, "d18000"), (-32769, "d2ffff7fff"),
      (-2_147_483_648, "d280000000"), (-2_147_483_649, "d3ffffffff7fffffff"), (.min, "d38000000000000000"),
    ] as [(Int64, String)])
  func integers(_ value: Int64, _ expected: String) {
    #expect(hex { $0.value(value) } == expected)
  }

  @Test("scalars")
  func scalars() {
    #expect(hex { $0.null() } == "c0")
    #expect(hex { $0.value(true) } == "c3")
    #expect(hex { $0.value(false) } == "c2")
    #expect(hex { $0.value(1.5) } == "cb3ff8000000000000")
    #expect(hex { $0.value(UInt64.max) } == "cfffffffffffffffff")
  }

  @Test("lengths in their shortest form")
  func lengths() {
    func head(_ count: Int, _ body: (inout MessagePackWriter, [UInt8]) -> Void) -> String {
      let data = [UInt8](repeating: 0x61, count: count)
      let whole = hex { body(&$0, data) }
      return String(whole.dropLast(count * 2))
    }
    let text: (inout MessagePackWriter, [UInt8]) -> Void = { $0.value(String(decoding: $1, as: UTF8.self)) }
    #expect(
      [0, 31, 32, 255, 256, 65535, 65536].map { head($0, text) }
        == ["a0", "bf", "d920", "d9ff", "da0100", "daffff", "db00010000"])
    #expect(
      [0, 255, 256, 65535, 65536].map { head($0) { $0.binary($1) } }
        == ["c400", "c4ff", "c50100", "c5ffff", "c600010000"])
    #expect(
      [0, 1, 2, 3, 4, 8, 16, 17, 256, 65536].map { count in
        head(count) { writer, data in data.withUnsafeBytes { writer.extension(type: 5, $0) } }
      } == ["c70005", "d405", "d505", "c70305", "d605", "d705", "d805", "c71105", "c8010005", "c90001000005"])
    #expect(
      [0, 15, 16, 65535, 65536].map { count in hex { $0.arrayHeader(count) } }
        == ["90", "9f", "dc0010", "dcffff", "dd00010000"])
    #expect(
      [0, 15, 16, 65535, 65536].map { count in hex { $0.mapHeader(count) } }
        == ["80", "8f", "de0010", "deffff", "df00010000"])
  }

  @Test(
    "timestamps come back as they were",
    arguments: [0, 1, 999_999, 1_000_000, -1, 4_294_967_296_000_000, 17_179_869_184_000_000, -62_135_596_800_000_000]
      as [Int64])
  func timestamps(_ microseconds: Int64) throws {
    var writer = MessagePackWriter()
    writer.value(Timestamp(microseconds: microseconds))
    try writer.bytes.withUnsafeBytes { bytes in
      var reader = MessagePackReader(bytes)
      let time = try reader.readTimestamp()
      #expect(time.microseconds == microseconds)
      try reader.finish()
    }
  }

  @Test("identifiers as their canonical text, raw values as they are")
  func others() throws {
    let id = UUID.v7()
    var writer = MessagePackWriter()
    writer.arrayHeader(2)
    writer.value(id)
    writer.raw([0x93, 1, 2, 3])
    try writer.bytes.withUnsafeBytes { bytes in
      var reader = MessagePackReader(bytes)
      let count = try reader.readArrayHeader()
      #expect(count == 2)
      let text = try reader.readString()
      #expect(UUID(utf8: text) == id)
      let raw = try reader.readRaw()
      #expect(raw.elementsEqual([0x93, 1, 2, 3]))
    }
  }
}
