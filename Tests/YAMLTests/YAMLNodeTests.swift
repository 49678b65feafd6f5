import Primitives
import Testing
import YAML

@Suite("Parsing YAML")
struct YAMLNodeTests {
  @Test("nodes know their line and column")
  func marks() throws {
    let node = try parse("a: 1\nlist:\n  - x\n  - {é: y, k: z}\n")
    #expect(node.mark == YAMLMark(line: 1, column: 1))
    #expect(node["list"]?[0]?.mark == YAMLMark(line: 3, column: 5))
    #expect(node["list"]?[1]?["k"]?.mark == YAMLMark(line: 4, column: 15))
    #expect(node.entry("list")?.mark == YAMLMark(line: 2, column: 1))
  }

  @Test("CRLF and a byte order mark change nothing")
  func lineEnds() throws {
    let node = try parse("\u{FEFF}a: |\r\n  one\r\n  two\r\nb: 2\r\n")
    #expect(node["a"]?.string == "one\ntwo\n")
    #expect(node.entry("b")?.mark.line == 4)
  }

  @Test("a stream has any number of documents")
  func documents() throws {
    let text = "--- {a: 1}\n--- &x two\n...\n---\n"
    let documents = try YAMLNode.documents(in: Array(text.utf8), file: "t.yaml")
    #expect(documents.count == 3)
    #expect(documents[1].string == "two")
    #expect(documents[2].isNull)
    #expect(try YAMLNode.documents(in: [], file: "t.yaml").isEmpty)
    #expect(try YAMLNode.documents(in: Array("# nothing\n".utf8), file: "t.yaml").isEmpty)
    #expect(throws: YAMLError.self) { try parse("") }
    #expect(throws: YAMLError.self) { try parse(text) }
  }

  @Test("aliases stand for the node of their anchor")
  func aliases() throws {
    let node = try parse("base: &b {x: [1, 2]}\nuse: *b\n")
    #expect(node["use"]?["x"]?[1]?.int == 2)
  }

  @Test(
    "what is not YAML is refused where it goes wrong",
    arguments: [
      (
        "a: [1, 2",
        "t.yaml:1:9: did not find expected ',' or ']' while parsing a flow sequence that begins at line 1, column 4"
      ),
      (
        "a: \"x",
        "t.yaml:1:6: found unexpected end of stream while scanning a quoted scalar that begins at line 1, column 4"
      ),
      ("a:\n\tb: 1\n", "t.yaml:2:1: a tab cannot indent or begin a value; use spaces"),
      ("a: 1\n b: 2\n", "t.yaml:2:3: mapping values are not allowed in this context"),
      ("a: 1\na: 2\n", "t.yaml:2:1: key 'a' appears twice; it stands at line 1 already"),
      ("a: 1\n\"a\": 2\n", "t.yaml:2:1: key 'a' appears twice; it stands at line 1 already"),
      ("{a: {b: 1, b: 2}}", "t.yaml:1:12: key 'b' appears twice; it stands at line 1 already"),
      ("[a]: 1", "t.yaml:1:1: a key must be a string, and stand there itself"),
      ("? {a: 1}\n: 1", "t.yaml:1:3: a key must be a string, and stand there itself"),
      ("?\n: 1", "t.yaml:1:2: a key is missing"),
      ("~: 1", "t.yaml:1:1: a key is missing"),
      ("a: &x {}\nb:\n  <<: *x\n", "t.yaml:3:3: merge keys (<<) are not part of YAML 1.2; write the keys out"),
      ("a: *b", "t.yaml:1:4: alias *b stands for nothing that is complete here"),
      (
        "a: &base 1\nb: *bsae\n",
        "t.yaml:2:4: alias *bsae stands for nothing that is complete here; did you mean '*base'?"
      ),
      ("&a [*a]", "t.yaml:1:5: alias *a stands for nothing that is complete here"),
      ("--- &x 1\n--- *x\n", "t.yaml:2:5: alias *x stands for nothing that is complete here"),
      ("&k a: 1", "t.yaml:1:1: a key cannot have an anchor"),
      (
        "a: \"\\q\"",
        "t.yaml:1:5: found unknown escape character while parsing a quoted scalar that begins at line 1, column 4"
      ),
    ])
  func syntax(text: String, expected: String) {
    #expect(refusal(text) == expected)
  }

  @Test("all keys that appear twice can be had at once; the first of each stays")
  func duplicates() throws {
    let text = "a: 1\nb: {c: 1, c: 2}\na: {d: 1, d: 2}\n"
    var found: [YAMLError] = []
    let node = try YAMLNode.document(in: Array(text.utf8), file: "t.yaml", duplicates: &found)
    #expect(found.map { "\($0.mark)" } == ["2:11", "3:1", "3:11"])
    #expect(found.allSatisfy { $0.code == .duplicateKey })
    #expect(node["a"]?.int == 1)
    #expect(node["b"]?["c"]?.int == 1)
  }

  @Test("bytes that are no UTF-8 are refused where they stand")
  func encoding() {
    let bad = Array("a: 1\nb: é".utf8) + [0xff]
    #expect(refusal(bytes: bad) == "t.yaml:2:5: invalid character or UTF-8: 0xff (invalid leading UTF-8 octet)")
    #expect(refusal(bytes: Array("a: ".utf8) + [0xc3])?.hasPrefix("t.yaml:1:4: invalid UTF-8") == true)
    #expect(refusal(bytes: Array("a: ".utf8) + [0xc0, 0x80])?.hasPrefix("t.yaml:1:4: invalid") == true)
    #expect(refusal(bytes: Array("a: ".utf8) + [0xed, 0xa0, 0x80])?.hasPrefix("t.yaml:1:4: invalid") == true)
    #expect(refusal(bytes: Array("a: \u{1}".utf8))?.hasPrefix("t.yaml:1:4: invalid character") == true)
    #expect(refusal(bytes: [0xff, 0xfe, 0x61, 0x00]) != nil)
  }

  @Test("what would cost too much is refused")
  func limits() {
    var limits = YAMLLimits()
    limits.size = ByteCount(bytes: 10)
    #expect(refusal("abcdefghijk", limits: limits) == "t.yaml:1:1: the file has 11 bytes; 10B is the most")
    limits = YAMLLimits()
    limits.depth = 3
    #expect(refusal("[[[1]]]", limits: limits) == nil)
    #expect(refusal("[[[[1]]]]", limits: limits) == "t.yaml:1:4: nested deeper than 3 levels")
    #expect(
      refusal("a: &x [[1]]\nb: [*x]", limits: limits) == "t.yaml:2:5: nested deeper than 3 levels", "aliases count")
    limits = YAMLLimits()
    limits.anchors = 2
    #expect(refusal("[&a 1, &b 2, &c 3]", limits: limits) == "t.yaml:1:14: more than 2 anchors")
    limits.aliases = 2
    #expect(refusal("[&a 1, *a, *a, *a]", limits: limits) == "t.yaml:1:16: more than 2 aliases")
    limits.documents = 2
    #expect(refusal("--- 1\n--- 2\n--- 3\n", limits: limits) == "t.yaml:3:1: more than 2 documents")
    #expect(refusal(String(repeating: "[", count: 100_000))?.contains("nested deeper than 64 levels") == true)
    #expect(refusal(String(repeating: "- ", count: 100_000))?.contains("nested deeper than 64 levels") == true)
    #expect(refusal(String(repeating: "{a: ", count: 100_000))?.contains("nested deeper than 64 levels") == true)
  }

  @Test("a billion laughs are refused before they are told")
  func bombs() {
    var bomb = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for level in 1...9 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      bomb += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(refusal(bomb)?.contains("more than 250000 values, counting what aliases stand for") == true)
  }
}
