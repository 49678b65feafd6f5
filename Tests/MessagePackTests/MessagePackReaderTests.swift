import MessagePack
import Primitives
import Testing

@Suite("Reading MessagePack")
struct MessagePackReaderTests {
  @Test(
    "integers of every width",
    arguments: [
      ("00", 0), ("7f", 127), ("ff", -1), ("e0", -32), ("cc80", 128), ("ccff", 255), ("cc00", 0), ("cd0100", 256),
      ("cdffff", 65535), ("ce00010000", 65536), ("ceffffffff", 4_294_967_295), ("cf0000000100000000", 4_294_967_296),
      ("cf7fffffffffffffff", .max), ("d0df", -33), ("d080", -128), ("d07f", 127), ("d1ff7f", -129), ("d18000", -32768),
      ("d2ffff7fff", -32769), ("d280000000", -2_147_483_648), ("d3ffffffff7fffffff", -2_147_483_649),
      ("d38000000000000000", .min), ("d37fffffffffffffff", .max),
    ] as [(String, Int64)])
  func integers(_ hex: String, _ value: Int64) throws {
    try read(hex) { reader throws(MessagePackError) in
      let got = try reader.readInt64()
      #expect(got == value)
    }
    try read(hex) { reader throws(MessagePackError) in
      let got = try reader.readDouble()
      #expect(got == Double(value))
    }
    try read(hex) { reader throws(MessagePackError) in
      let value = try reader.readRaw().count
      #expect(value == reader.position)
    }
    if value >= 0 {
      try read(hex) { reader throws(MessagePackError) in
        let got = try reader.readUInt64()
        #expect(got == UInt64(value))
      }
    } else {
      expect(hex, .outOfRange) { reader throws(MessagePackError) in _ = try reader.readUInt64() }
    }
  }

  @Test("what does not fit is refused and left")
  func outOfRange() throws {
    expect("cfffffffffffffffff", .outOfRange) { reader throws(MessagePackError) in _ = try reader.readInt64() }
    try read("cfffffffffffffffff") { reader throws(MessagePackError) in
      let value = try reader.readUInt64()
      #expect(value == .max)
    }
  }

  @Test("other scalars")
  func scalars() throws {
    try read("c0") { reader throws(MessagePackError) in try reader.readNull() }
    try read("c2") { reader throws(MessagePackError) in
      let value = try reader.readBool()
      #expect(value == false)
    }
    try read("c3") { reader throws(MessagePackError) in
      let value = try reader.readBool()
      #expect(value == true)
    }
    try read("ca3fc00000") { reader throws(MessagePackError) in
      let value = try reader.readDouble()
      #expect(value == 1.5)
    }
    try read("cb3ff8000000000000") { reader throws(MessagePackError) in
      let value = try reader.readDouble()
      #expect(value == 1.5)
    }
    try read("cb7ff0000000000000") { reader throws(MessagePackError) in
      let value = try reader.readDouble()
      #expect(value == .infinity)
    }
  }

  @Test("strings, binary and extensions with every kind of header")
  func bytes() throws {
    let letters = [UInt8](repeating: 0x61, count: 16)
    for (header, count) in [("a0", 0), ("a5", 5), ("d905", 5), ("da0005", 5), ("db00000005", 5)] {
      try read(header + Hex.encode(Array(letters[..<count]))) { reader throws(MessagePackError) in
        #expect(reader.next == .string)
        let got1 = try reader.readString().count
        #expect(got1 == count)
      }
    }
    for header in ["c403", "c50003", "c600000003"] {
      try read(header + "010203") { reader throws(MessagePackError) in
        let data = try reader.readBinary()
        #expect(Array(data) == [1, 2, 3])
      }
    }
    for (header, count) in [
      ("d4fe", 1), ("d5fe", 2), ("d6fe", 4), ("d7fe", 8), ("d8fe", 16), ("c703fe", 3), ("c80003fe", 3),
      ("c900000003fe", 3), ("c700fe", 0),
    ] {
      try read(header + Hex.encode(Array(letters[..<count]))) { reader throws(MessagePackError) in
        #expect(reader.next == .extension)
        let (type, data) = try reader.readExtension()
        #expect(type == -2)
        #expect(data.count == count)
      }
    }
  }

  @Test("headers of arrays and maps")
  func containers() throws {
    try read("93010203") { reader throws(MessagePackError) in
      let got2 = try reader.readArrayHeader()
      #expect(got2 == 3)
      for _ in 0..<3 { try reader.skip() }
    }
    try read("dc000101") { reader throws(MessagePackError) in
      let got3 = try reader.readArrayHeader()
      #expect(got3 == 1)
      try reader.skip()
    }
    try read("dd0000000101") { reader throws(MessagePackError) in
      let got4 = try reader.readArrayHeader()
      #expect(got4 == 1)
      try reader.skip()
    }
    for header in ["81", "de0001", "df00000001"] {
      try read(header + "a16101") { reader throws(MessagePackError) in
        let got5 = try reader.readMapHeader()
        #expect(got5 == 1)
        let isB = reader.readString("b")
        #expect(isB == false)
        let isA = reader.readString("a")
        #expect(isA == true)
        let got6 = try reader.readInt()
        #expect(got6 == 1)
      }
    }
  }

  @Test("timestamps in all sizes, and the old one of notepack.io")
  func timestamps() throws {
    for (hex, microseconds) in [
      ("d6ff00000001", 1_000_000), ("d6ffffffffff", 4_294_967_295_000_000),
      ("d7ff0000100000000001", 1_000_001), ("c70cff000003e8ffffffffffffffff", -999_999),
      ("d70000000000000003e8", 1_000_000), ("d700fffffffffffffffe", -2000),
    ] as [(String, Int64)] {
      try read(hex) { reader throws(MessagePackError) in
        let got7 = try reader.readTimestamp().microseconds
        #expect(got7 == microseconds)
      }
    }
    expect("d7ffffffffffffffffff", .unexpectedType) { reader throws(MessagePackError) in
      _ = try reader.readTimestamp()
    }
    expect("c70cff000003e87fffffffffffffff", .unexpectedType) { reader throws(MessagePackError) in
      _ = try reader.readTimestamp()
    }
  }

  @Test("a value of another type is refused and left for the next attempt")
  func unexpected() throws {
    let bytes: [UInt8] = [0xa1, 0x61]
    bytes.withUnsafeBytes { bytes in
      var reader = MessagePackReader(bytes)
      #expect(throws: MessagePackError.self) { try reader.readInt64() }
      #expect(throws: MessagePackError.self) { try reader.readNull() }
      #expect(throws: MessagePackError.self) { try reader.readBool() }
      #expect(throws: MessagePackError.self) { try reader.readDouble() }
      #expect(throws: MessagePackError.self) { try reader.readBinary() }
      #expect(throws: MessagePackError.self) { try reader.readArrayHeader() }
      #expect(throws: MessagePackError.self) { try reader.readMapHeader() }
      #expect(throws: MessagePackError.self) { try reader.readExtension() }
      #expect(throws: MessagePackError.self) { try reader.readTimestamp() }
      #expect(reader.position == 0)
      let count = try? reader.readString().count
      #expect(count == 1)
      #expect(reader.isAtEnd)
    }
  }

  @Test("every truncation of every type is refused, and nothing is taken")
  func truncations() throws {
    for hex in [
      "cc80", "cd0100", "ce00010000", "cf0000000100000000", "d080", "d18000", "d280000000", "d38000000000000000",
      "ca3fc00000", "cb3ff8000000000000", "a3616263", "d903616263", "da0003616263", "db00000003616263", "c403010203",
      "c50003010203", "c600000003010203", "d40001", "d5000102", "d6ff00000001", "d7000000000000000001",
      "d80000000000000000000000000000000000", "c70301010203", "c8000301010203", "c90000000301010203", "93c0c0c0",
      "dc0003c0c0c0", "dd00000003c0c0c0", "82a16101a16202", "de0001a16101", "df00000001a16101",
      "9391c081a161c3a3616263",
    ] {
      let whole = try #require(Hex.decode(hex))
      for count in 0..<whole.count {
        Array(whole[..<count]).withUnsafeBytes { bytes in
          var reader = MessagePackReader(bytes)
          #expect(throws: MessagePackError.self, "\(hex) cut to \(count)") { try reader.skip() }
          #expect(reader.position == 0)
        }
      }
      try read(hex) { reader throws(MessagePackError) in try reader.skip() }
    }
  }

  @Test("lengths that lie are refused before anything is reserved")
  func bombs() {
    for hex in [
      "ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff00", "dc000500", "8f", "df00000003c0c0",
    ] {
      expect(hex, .truncated) { reader throws(MessagePackError) in try reader.skip() }
    }
    expect("c1", .reserved) { reader throws(MessagePackError) in try reader.skip() }
    // A million arrays within each other are passed over without a stack.
    var deep = [UInt8](repeating: 0x91, count: 1 << 20)
    deep.append(0xc0)
    deep.withUnsafeBytes { bytes in
      var reader = MessagePackReader(bytes)
      #expect(throws: Never.self) { try reader.skip() }
      #expect(reader.isAtEnd)
    }
  }

  @Test("an adapter's broadcast is taken apart without decoding what is passed on")
  func broadcast() throws {
    var writer = MessagePackWriter()
    writer.arrayHeader(3)
    writer.value("AbC123")
    writer.mapHeader(1)
    writer.value("type")
    writer.value(2)
    writer.mapHeader(0)
    try writer.bytes.withUnsafeBytes { bytes in
      var reader = MessagePackReader(bytes)
      let got8 = try reader.readArrayHeader()
      #expect(got8 == 3)
      let isOurs = reader.readString("AbC123")
      #expect(isOurs)
      let packet = try reader.readRaw()
      #expect(packet.count == 7)
      let got9 = try reader.readMapHeader()
      #expect(got9 == 0)
      try reader.finish()
    }
  }

  private func read(
    _ hex: String, _ body: (inout MessagePackReader) throws(MessagePackError) -> Void
  ) throws {
    let bytes = try #require(Hex.decode(hex))
    try bytes.withUnsafeBytes { bytes in
      var reader = MessagePackReader(bytes)
      try body(&reader)
      try reader.finish()
    }
  }

  private func expect(
    _ hex: String, _ reason: MessagePackError.Reason,
    _ body: (inout MessagePackReader) throws(MessagePackError) -> Void
  ) {
    (Hex.decode(hex) ?? []).withUnsafeBytes { bytes in
      var reader = MessagePackReader(bytes)
      do throws(MessagePackError) {
        try body(&reader)
        Issue.record("\(hex) was taken")
      } catch {
        #expect(error.reason == reason)
        #expect(reader.position == 0)
      }
    }
  }
}
