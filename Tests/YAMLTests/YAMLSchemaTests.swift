import Testing
import YAML

@Suite("The core schema of YAML 1.2")
struct YAMLSchemaTests {
  @Test(
    "a plain scalar is what the schema says",
    arguments: [
      ("no", .string), ("yes", .string), ("on", .string), ("Off", .string), ("y", .string), ("N", .string),
      ("true", .bool), ("True", .bool), ("FALSE", .bool), ("tRUE", .string),
      ("null", .null), ("~", .null), ("NULL", .null), ("", .null), ("Null", .null), ("nil", .string),
      ("0", .integer), ("-17", .integer), ("+17", .integer), ("017", .integer), ("0o17", .integer), ("0x1F", .integer),
      ("0o8", .string), ("0xg", .string), ("0x", .string), ("-0x1", .string), ("0b1", .string), ("1_000", .string),
      ("1.5", .float), (".5", .float), ("5.", .float), ("1e3", .float), ("-1.5E-3", .float), ("+.inf", .float),
      ("-.INF", .float), (".nan", .float), ("inf", .string), ("nan", .string), ("-.nan", .string), (".", .string),
      ("1e", .string), ("e3", .string), ("1.2.3", .string), ("1:30", .string), ("2001-01-01", .string),
      ("-", .string), ("+", .string), ("5s", .string), ("16KiB", .string),
    ] as [(String, YAMLScalar.Kind)])
  func kinds(text: String, kind: YAMLScalar.Kind) throws {
    let isBareDash = text == "-"
    let node = try parse(isBareDash ? "a: b-" : "a: \(text)")
    if !isBareDash { #expect(node["a"]?.scalar?.kind == kind) }
    let quoted = try parse("a: '\(text)'")
    #expect(quoted["a"]?.string == text)
  }

  @Test("numbers have their values")
  func values() throws {
    let node = try parse("[0o17, 0x1F, 017, -9223372036854775808, 1e3, -.inf, 5., 9223372036854775808]")
    #expect(node[0]?.int == 15)
    #expect(node[1]?.int == 31)
    #expect(node[2]?.int == 17)
    #expect(node[3]?.int == .min)
    #expect(node[4]?.double == 1000)
    #expect(node[4]?.int == nil)
    #expect(node[5]?.double == -.infinity)
    #expect(node[6]?.double == 5)
    #expect(node[7]?.int == nil)
    #expect(node[7]?.scalar?.integer(as: UInt64.self) == 1 << 63)
    #expect(node[7]?.double == 9_223_372_036_854_775_808)
    #expect(try parse(".nan").double?.isNaN == true)
  }

  @Test("tags of the schema are followed, and no others")
  func tags() throws {
    #expect(try parse("!!str 12").string == "12")
    #expect(try parse("! 12").string == "12")
    #expect(try parse("!!float 3").scalar?.kind == .float)
    #expect(try parse("!!int '3'").int == 3)
    #expect(try parse("!!map {a: 1}")["a"]?.int == 1)
    #expect(try parse("!!seq [1]").elements?.count == 1)
    #expect(refusal("a: !!int x") == "t.yaml:1:4: 'x' is not what its tag !!int says")
    #expect(refusal("a: !!seq x") == "t.yaml:1:4: tag !!seq does not go with a scalar")
    #expect(refusal("a: !!str [x]") == "t.yaml:1:4: tag !!str does not go with a sequence")
    #expect(refusal("a: !secret x") == "t.yaml:1:4: unknown tag !secret")
    #expect(refusal("a: !!strr x") == "t.yaml:1:4: unknown tag !!strr; did you mean '!!str'?")
    #expect(refusal("a: !!binary aGk=") == "t.yaml:1:4: unknown tag !!binary")
  }
}
