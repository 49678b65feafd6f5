import JSON
import Primitives
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
  private func text(_ body: (inout JSONWriter) -> Void) -> String {
    var json = JSONWriter(reserving: 0)
    body(&json)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  @Test("commas are put where they are due")
  func commas() {
    let written = text { json in
      json.beginObject()
      json.field("a", 1)
      json.key("b")
      json.beginArray()
      json.value("x")
      json.beginObject()
      json.endObject()
      json.beginArray()
      json.endArray()
      json.value(true)
      json.null()
      json.raw(Array("[1, 2]".utf8))
      json.raw(Array("3".utf8))
      json.endArray()
      json.field("c", nil as String?)
      json.fieldIfPresent("d", nil as Int?)
      json.fieldIfPresent("e", 5 as Int?)
      json.field("f", ["p", "q"])
      json.key("g\"" + String(1))
      json.value(["z": 1, "a": 2])
      json.endObject()
    }
    #expect(
      written
        == #"{"a":1,"b":["x",{},[],true,null,[1, 2],3],"c":null,"e":5,"f":["p","q"],"g\"1":{"a":2,"z":1}}"#)
  }

  @Test("integers of every length")
  func integers() {
    var power: UInt64 = 1
    for _ in 0..<20 {
      for number in [power - 1, power, power + 1] { #expect(text { $0.value(number) } == "\(number)") }
      power = power.multipliedReportingOverflow(by: 10).partialValue
    }
    for number in [Int64.min, .min + 1, -10, -9, -1, 0, .max] { #expect(text { $0.value(number) } == "\(number)") }
    #expect(text { $0.value(UInt64.max) } == "18446744073709551615")
    #expect(text { $0.value(Int32.min) } == "-2147483648")
  }

  @Test("doubles as JavaScript would, and nothing that is not JSON")
  func doubles() {
    #expect(text { $0.value(5.0) } == "5")
    #expect(text { $0.value(-0.5) } == "-0.5")
    #expect(text { $0.value(0.1) } == "0.1")
    #expect(text { $0.value(Double.nan) } == "null")
    #expect(text { $0.value(-Double.infinity) } == "null")
    for number in [1e300, Double.leastNonzeroMagnitude, 1e21, -1.7976931348623157e308, 123456.789] {
      #expect((try? JSONDocument(parsing: text { $0.value(number) }))?.root.double == number)
    }
  }

  @Test("strings are escaped, and only where they must be")
  func strings() {
    #expect(
      text { $0.value("\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}é\u{2028}😀") }
        == #""\"\\/\b\f\n\r\t\u0000\u001f"# + "\u{7f}é\u{2028}😀\"")
    #expect(text { $0.value("") } == "\"\"")
    #expect(text { $0.value("abcdef".dropFirst(2)) } == "\"cdef\"")
    #expect(text { $0.value("static" as StaticString) } == "\"static\"")
  }

  @Test("identifiers and times")
  func values() throws {
    let id = try #require(UUID("018f3c1e-9b2a-7c3d-8e4f-0123456789ab"))
    #expect(text { $0.value(id) } == "\"018f3c1e-9b2a-7c3d-8e4f-0123456789ab\"")
    #expect(text { $0.value(Timestamp(microseconds: 1_500)) } == "\"1970-01-01T00:00:00.001Z\"")
  }

  @Test("bytes may be asked for while writing goes on")
  func snapshots() {
    var json = JSONWriter()
    json.beginArray()
    let early = json.bytes
    json.value(1)
    json.value(String(repeating: "x", count: 5000))
    json.endArray()
    #expect(early == Array("[".utf8))
    #expect(json.bytes.count == 5006)
    #expect(json.withBytes { Array($0) } == json.bytes)
    json.removeAll()
    json.value(7)
    #expect(json.bytes == Array("7".utf8))
    #expect(json.count == 1)
  }

  @Test("a literal is written as it stands")
  func literals() throws {
    let literal: JSONLiteral = ["b": [1, 2.5, "x", nil, true], "a": [:]]
    #expect(literal.bytes == Array(#"{"b":[1,2.5,"x",null,true],"a":{}}"#.utf8))
    #expect(JSONLiteral(try JSONDocument(parsing: literal.bytes).root) == literal)
    let root = try JSONDocument(parsing: "[ 1 ]").root
    #expect(text { $0.value(root) } == "[ 1 ]")
  }
}
