import JSON
import Primitives
import Testing

@Suite("Reading JSON")
struct JSONDocumentTests {
  @Test("a message's fields are found by key")
  func message() throws {
    let text =
      #"{"id":"018f3c1e-9b2a-7c3d-8e4f-0123456789ab","seq":42,"body":"hi \"you\" \u00e9\ud83d\ude00","#
      + #""deleted":false,"replyTo":null,"ratio":-1.5e2,"tags":["a",[],{}], "big":9223372036854775807}"#
    let root = try JSONDocument(parsing: text).root
    #expect(root.kind == .object)
    #expect(root.count == 8)
    #expect(root["id"]?.uuid == UUID("018f3c1e-9b2a-7c3d-8e4f-0123456789ab"))
    #expect(root["seq"]?.int64 == 42)
    #expect(root["body"]?.string == "hi \"you\" é😀")
    #expect(root["deleted"]?.bool == false)
    #expect(root["replyTo"]?.isNull == true)
    #expect(root["ratio"]?.double == -150)
    #expect(root["ratio"]?.int64 == -150)
    #expect(root["tags"]?.array?.map(\.kind) == [.string, .array, .object])
    #expect(root["tags"]?.count == 3)
    #expect(root["tags"]?[1]?.count == 0)
    #expect(root["tags"]?[3] == nil)
    #expect(root["big"]?.int64 == .max)
    #expect(root["missing"] == nil)
    #expect(root["mis" + "sing"] == nil)
    #expect(root["se" + "q"]?.int64 == 42)
    #expect(root["seq"]?.string == nil)
    #expect(root["seq"]?["x"] == nil)
    #expect(root["body"]?.array == nil)
  }

  @Test("the last of repeated keys counts, escaped or not")
  func repeatedKeys() throws {
    let root = try JSONDocument(parsing: #"{"a":1,"\u0061":2,"b":3,"":4}"#).root
    #expect(root["a"]?.int64 == 2)
    #expect(root[""]?.int64 == 4)
    #expect(root.object?.map(\.key) == ["a", "a", "b", ""])
  }

  @Test("raw bytes are the exact source of a value")
  func rawBytes() throws {
    let root = try JSONDocument(parsing: #" [ 1.0e5 , {"a" : [ 1,2 ]} , "\u0061" , null ] "#).root
    #expect(
      root.array?.map { String(decoding: $0.rawBytes, as: UTF8.self) } == [
        "1.0e5", #"{"a" : [ 1,2 ]}"#, #""\u0061""#, "null",
      ])
    #expect(String(decoding: root.rawBytes, as: UTF8.self).hasSuffix("null ]"))
  }

  @Test("a scalar alone is a document", arguments: ["1", " true ", "\"\"", "null", "[]", "{}", "-0", "0.5", "1E+2"])
  func scalar(_ text: String) throws {
    _ = try JSONDocument(parsing: text)
  }

  @Test(
    "what the grammar forbids is refused",
    arguments: [
      "", " ", "[", "{", "]", "}", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}",
      "{\"a\":1 \"b\":2}", "{\"a\",1}", "[1}", "{\"a\":1]", "01", "-", "-01", "+1", "1.", ".5", "1e", "1e+", "0x1",
      "1a", "NaN", "Infinity", "tru", "truE", "nul", "falsy", "True", "'a'", "\"", "\"a", "\"\\", "\"\\x\"",
      "\"\\u12\"", "\"\\u12g4\"", "\"\u{01}\"", "\"\n\"", "\"\t\"", "1 2", "[] []", "{}x", "\u{FEFF}1", "[1]\u{00}",
      "\u{00}", "//c\n1", "[1,/**/2]", "\u{A0}1", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
      "\"\\ud800\\ud800\"", "\"\\uD800x\"", "--1", "1..2", "1e1.5", "[-]", "tru\u{00}e",
    ])
  func refused(_ text: String) {
    #expect(throws: JSONError.self) { try JSONDocument(parsing: text) }
  }

  @Test(
    "malformed UTF-8 is refused",
    arguments: [
      [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xc3, 0x28], [0xe0, 0x80, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80],
      [0xef, 0xbf], [0xf0, 0x80, 0x80, 0x80], [0xf0, 0x9f, 0x98], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80],
      [0xff], [0xfe],
    ] as [[UInt8]])
  func malformed(_ bytes: [UInt8]) {
    for prefix in ["", "a", "1234567", "12345678", "é"] {
      let text = [UInt8(ascii: "\"")] + Array(prefix.utf8) + bytes + [UInt8(ascii: "\"")]
      #expect(throws: JSONError.self) { try JSONDocument(parsing: text) }
      #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(text.dropLast())) }
    }
  }

  @Test("text of every length and alphabet comes back as it was")
  func texts() throws {
    for unit in ["a", "é", "€", "😀", "\\", "\"", "\u{0}", "\u{1f}", "\u{7f}", "\u{2028}", "\u{10FFFF}", "\u{D7FF}"] {
      for before in 0..<18 {
        let text = String(repeating: "x", count: before) + unit + String(repeating: "y", count: 17 - before)
        var json = JSONWriter()
        json.value(text)
        #expect(try JSONDocument(parsing: json.bytes).root.string == text)
      }
    }
  }

  @Test("all escapes decode")
  func escapes() throws {
    let root = try JSONDocument(parsing: #""\"\\\/\b\f\n\r\t\u0000\u00e9\u20AC\uD83D\uDE00\uFFFF""#).root
    #expect(root.string == "\"\\/\u{8}\u{c}\n\r\t\u{0}é€😀\u{FFFF}")
    #expect(root.withUTF8 { $0.count } == root.string?.utf8.count)
    #expect(root.isString("x") == false)
  }

  @Test("depth is limited")
  func depth() throws {
    let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    _ = try JSONDocument(parsing: deep)
    #expect(throws: JSONError.self) { try JSONDocument(parsing: "[" + deep + "]") }
    // Depth is how much is open at once, not how many there are.
    _ = try JSONDocument(parsing: "[" + String(repeating: "[],{},", count: 1000) + "1]")
    let bomb = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
    do {
      _ = try JSONDocument(parsing: bomb)
      Issue.record("a bomb was parsed")
    } catch { #expect(error.reason == .tooDeep) }
  }

  @Test("size is limited")
  func size() {
    do {
      _ = try JSONDocument(parsing: Array("[1,2,3]".utf8), limits: JSONLimits(maximumBytes: 6))
      Issue.record("seven bytes passed a limit of six")
    } catch { #expect(error.reason == .tooLarge) }
    #expect(throws: JSONError.self) { try JSONDocument(parsing: String(repeating: "1", count: 600)) }
  }

  @Test("an error says where")
  func place() {
    do {
      _ = try JSONDocument(parsing: "{\n  \"a\": 1,\n  \"b\": x\n}")
      Issue.record("x was taken for a value")
    } catch {
      #expect(error.line == 3)
      #expect(error.column == 8)
      #expect(error.offset == 19)
      #expect(error.description == "invalid JSON at line 3, column 8: unexpected character")
    }
  }

  @Test("every truncation of a document is refused")
  func truncations() {
    let text = Array(#"{"a":[1,2.5e3,"é\u00e9\ud83d\ude00"],"b":{"c":true,"d":false,"e":null}}"#.utf8)
    for count in 0..<text.count {
      do {
        _ = try JSONDocument(parsing: Array(text[..<count]))
        Issue.record("\(count) bytes were taken for a whole")
      } catch { #expect(error.offset <= count) }
    }
  }

  @Test("changing any byte never crashes, and what is taken can be read through")
  func mutations() {
    let text = Array(#"{"a":[1,-2.5e3,"é\u00e9\ud83d\ude00"],"b":{"c":true,"d":false,"e":null}}"#.utf8)
    var taken = 0
    for index in text.indices {
      for byte in UInt8.min...UInt8.max {
        var changed = text
        changed[index] = byte
        guard let document = try? JSONDocument(parsing: changed) else { continue }
        taken += 1
        let again = JSONLiteral(document.root).bytes
        #expect((try? JSONDocument(parsing: again)).map { JSONLiteral($0.root) } == JSONLiteral(document.root))
      }
    }
    #expect(taken > 256)
  }

  @Test(
    "numbers convert exactly or not at all",
    arguments: [
      ("0", 0, 0), ("-0", 0, -0.0), ("9223372036854775807", .max, 9.223372036854775807e18),
      ("-9223372036854775808", .min, -9.223372036854775808e18), ("9223372036854775808", nil, 9.223372036854775808e18),
      ("999999999999999999", 999_999_999_999_999_999, 1e18), ("1.5", nil, 1.5), ("1e400", nil, nil),
      ("0.1", nil, 0.1), ("123456789012345678e-5", nil, 1234567890123.45678), ("1e2", 100, 100),
      ("9007199254740993.0", 9_007_199_254_740_992, 9007199254740992), ("1e-400", 0, 0),
      ("5e-324", nil, .leastNonzeroMagnitude),
      ("99999999999999999999999999", nil, 1e26),
    ] as [(String, Int64?, Double?)])
  func numbers(_ text: String, _ integer: Int64?, _ double: Double?) throws {
    let value = try JSONDocument(parsing: "[" + text + "]").root[0]
    #expect(value?.int64 == integer)
    #expect(value?.double == double)
  }

  @Test("large documents grow the tape")
  func large() throws {
    let text = "[" + (0..<100_000).map { "\($0 % 10)" }.joined(separator: ",") + "]"
    let root = try JSONDocument(parsing: text).root
    #expect(root.count == 100_000)
    #expect(root.array?.reduce(0) { $0 + ($1.int ?? 0) } == 450_000)
  }
}
