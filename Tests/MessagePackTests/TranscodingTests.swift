import JSON
import MessagePack
import Primitives
import Testing

@Suite("Between MessagePack and JSON")
struct TranscodingTests {
  private func json(_ hex: String, maximumAttachments: Int = 256) throws -> (String, [[UInt8]]) {
    let bytes = try #require(Hex.decode(hex))
    var transcoder = MessagePackToJSON(maximumAttachments: maximumAttachments)
    let text = try bytes.withUnsafeBytes { try transcoder.transcode($0) }
    _ = try JSONDocument(parsing: text)
    return (String(decoding: text, as: UTF8.self), transcoder.attachments)
  }

  @Test(
    "values become what JSON.stringify makes of them",
    arguments: [
      ("c0", "null"), ("c3", "true"), ("05", "5"), ("ff", "-1"), ("cfffffffffffffffff", "18446744073709551615"),
      ("ca3dcccccd", "0.10000000149011612"), ("cb3fb999999999999a", "0.1"), ("cb7ff8000000000000", "null"),
      ("cb4014000000000000", "5"), ("a26869", "\"hi\""), ("a3c3a922", "\"é\\\"\""), ("90", "[]"), ("80", "{}"),
      ("93c091c380", "[null,[true],{}]"),
      // Keys that are not strings, as JavaScript takes them.
      ("8501a161ffa162c3a163c2a164c0a165", #"{"1":"a","-1":"b","true":"c","false":"d","null":"e"}"#),
      // undefined and dates, old and new.
      ("d40000", "null"), ("d6ff00000001", "\"1970-01-01T00:00:01.000Z\""),
      ("d70000000000000003e8", "\"1970-01-01T00:00:01.000Z\""), ("d7ffffffffffffffffff", "null"),
    ] as [(String, String)])
  func values(_ hex: String, _ expected: String) throws {
    #expect(try json(hex).0 == expected)
  }

  @Test("malformed UTF-8 is repaired, in keys too")
  func repaired() throws {
    #expect(try json("a261ff").0 == "\"a\u{FFFD}\"")
    #expect(try json("81a1ffa3eda080").0 == "{\"\u{FFFD}\":\"\u{FFFD}\u{FFFD}\u{FFFD}\"}")
  }

  @Test("binary values become attachments in their order")
  func attachments() throws {
    let (text, attachments) = try json("94c40101c70300020304d5070506c400")
    #expect(
      text == #"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},[7,{"_placeholder":true,"num":2}],"#
        + #"{"_placeholder":true,"num":3}]"#)
    #expect(attachments == [[1], [2, 3, 4], [5, 6], []])
    #expect(throws: MessagePackError.self) { try json("92c40101c40102", maximumAttachments: 1) }
  }

  @Test("depth is limited, and what follows is refused")
  func limits() throws {
    let deep = String(repeating: "91", count: 64) + "c0"
    #expect(try json(deep).0.count == 132)
    #expect(throws: MessagePackError.self) { try json("91" + deep) }
    #expect(throws: MessagePackError.self) { try json(String(repeating: "81a161", count: 65) + "c0") }
    #expect(throws: MessagePackError.self) { try json("c0c0") }
    #expect(throws: MessagePackError.self) { try json("") }
    #expect(throws: MessagePackError.self) { try json("8190c0") }
    #expect(throws: MessagePackError.self) { try json("c1") }
    #expect(throws: MessagePackError.self) { try json("92c0") }
    #expect(throws: MessagePackError.self) { try json("81a161") }
  }

  @Test("JSON goes to MessagePack and comes back")
  func roundTrip() throws {
    let text =
      #"["message:new",{"id":"018f3c1e","seq":42,"n":-5,"x":0.5,"t":[true,false,null],"é\n":"a\"b\u0000","#
      + #""big":9007199254740991,"empty":{},"none":[]}]"#
    let packed = try Array(text.utf8).withUnsafeBytes { try JSONToMessagePack.transcode($0) }
    var transcoder = MessagePackToJSON()
    let back = try packed.withUnsafeBytes { try transcoder.transcode($0) }
    #expect(String(decoding: back, as: UTF8.self) == text)
    #expect(transcoder.attachments.isEmpty)
  }

  @Test(
    "whole numbers become integers, others doubles",
    arguments: [
      ("1", "01"), ("1.0", "01"), ("1e2", "64"), ("-0", "00"), ("0.5", "cb3fe0000000000000"),
      ("1e400", "cb7ff0000000000000"),
      ("9223372036854775808", "cb43e0000000000000"),
    ])
  func numbers(_ text: String, _ expected: String) throws {
    #expect(Hex.encode(try Array(text.utf8).withUnsafeBytes { try JSONToMessagePack.transcode($0) }) == expected)
  }

  @Test("placeholders become binary values, and one that points nowhere is refused")
  func placeholders() throws {
    let text = Array(#"["e",{"_placeholder":true,"num":1},{"num":0,"_placeholder":true}]"#.utf8)
    let packed = try text.withUnsafeBytes { try JSONToMessagePack.transcode($0, attachments: [[9], [8, 8]]) }
    #expect(Hex.encode(packed) == "93a165c4020808c40109")
    #expect(throws: MessagePackError.self) {
      try text.withUnsafeBytes { try JSONToMessagePack.transcode($0, attachments: [[9]]) }
    }
    let plain = try text.withUnsafeBytes { try JSONToMessagePack.transcode($0) }
    var transcoder = MessagePackToJSON()
    let back = try plain.withUnsafeBytes { try transcoder.transcode($0) }
    #expect(back == text)
  }

  @Test("bytes at random never crash, and what is taken is valid JSON")
  func noise() throws {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    var taken = 0
    for _ in 0..<20_000 {
      let bytes = (0..<24).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 56)
      }
      var json = JSONWriter()
      var transcoder = MessagePackToJSON()
      let isTaken = bytes.withUnsafeBytes { bytes in
        var reader = MessagePackReader(bytes)
        return (try? transcoder.transcode(&reader, into: &json)) != nil
      }
      if isTaken {
        taken += 1
        #expect(throws: Never.self) { try JSONDocument(parsing: json.bytes) }
      }
    }
    #expect(taken > 1000)
  }
}
