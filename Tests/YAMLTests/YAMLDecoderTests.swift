import Primitives
import Testing
import YAML

@Suite("Decoding YAML")
struct YAMLDecoderTests {
  enum Cleanup: String, Decodable, CaseIterable {
    case delete, compact
  }

  struct Topic: Decodable, Equatable {
    struct Spec: Decodable, Equatable {
      var partitions: UInt8
      var retention: Duration?
      var segment: ByteCount?
      var cleanup: Cleanup?
      var labels: [String: String]?
      var ratio: Double?
    }
    var name: String
    var isInternal: Bool?
    var spec: Spec

    enum CodingKeys: String, CodingKey {
      case name, spec
      case isInternal = "internal"
    }
  }

  /// A type with a rule of its own.
  struct Even: Decodable {
    let value: Int
    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      value = try container.decode(Int.self)
      guard value.isMultiple(of: 2) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(value) is odd")
      }
    }
  }

  struct Pair: Decodable {
    let first: Int
    let second: Int
    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      first = try container.decode(Int.self)
      second = try container.decode(Int.self)
    }
  }

  @Test("a file becomes a value")
  func value() throws {
    let text = """
      name: chat.events
      internal: false
      spec:
        partitions: 12
        retention: 1h30m
        segment: 16MiB
        cleanup: compact
        labels: {team: chat}
        ratio: 1
      """
    let topic = try YAMLDecoder().decode(Topic.self, from: Array(text.utf8), file: "t.yaml")
    #expect(
      topic
        == Topic(
          name: "chat.events", isInternal: false,
          spec: .init(
            partitions: 12, retention: .seconds(5400), segment: .mebibytes(16), cleanup: .compact,
            labels: ["team": "chat"], ratio: 1)))
    #expect(try parse("{name: a, spec: {partitions: 1, retention: null}}").decode(Topic.self).spec.retention == nil)
    #expect(try parse("[1, 2, 3]").decode([Int].self) == [1, 2, 3])
    #expect(try parse("{1: a, 2: b}").decode([Int: String].self) == [1: "a", 2: "b"])
    #expect(try parse("[1, null]").decode([Int?].self) == [1, nil])
  }

  @Test(
    "an error says where, what was found, what is expected, and what was meant",
    arguments: [
      ("name: a\nspec: {partitons: 1}", "2:8: unknown key 'partitons'; did you mean 'partitions'?"),
      ("nmae: a\nspec: {partitions: 1}", "1:1: unknown key 'nmae'; did you mean 'name'?"),
      ("name: a\nspec: {partitions: 1}\ncolour: red", "3:1: unknown key 'colour'; known are name, spec, internal"),
      ("name: a\n", "1:1: key 'spec' is missing"),
      ("name: 12\nspec: {partitions: 1}", "1:7: expected a string, found the number 12; quote it: \"12\""),
      ("name:\nspec: {partitions: 1}", "1:6: expected a string, found nothing (null)"),
      ("name: a\nspec: []", "2:7: expected a mapping, found a sequence"),
      ("name: a\nspec: {partitions: 300}", "2:20: expected a whole number from 0 to 255, found the number 300"),
      ("name: a\nspec: {partitions: 1.5}", "2:20: expected a whole number from 0 to 255, found the number 1.5"),
      (
        "name: a\nspec: {partitions: '12'}",
        "2:20: expected a whole number from 0 to 255, found the string '12'; leave the quotes out"
      ),
      (
        "name: a\ninternal: yes\nspec: {partitions: 1}",
        "2:11: expected true or false, found the string 'yes'; did you mean 'true'?"
      ),
      (
        "name: a\nspec: {partitions: 1, retention: 5}",
        "2:34: expected a duration, for example 500ms, 30s or 5m, found the number 5"
      ),
      (
        "name: a\nspec: {partitions: 1, segment: 5 apples}",
        "2:32: expected a size, for example 512, 16KiB or 1GB, found the string '5 apples'"
      ),
      (
        "name: a\nspec: {partitions: 1, cleanup: compcat}",
        "2:32: 'compcat' is none of delete, compact; did you mean 'compact'?"
      ),
      (
        "name: a\nspec: {partitions: 1, labels: {a: 1}}",
        "2:35: expected a string, found the number 1; quote it: \"1\""
      ),
      ("name: a\nspec: {partitions: 1, ratio: high}", "2:30: expected a number, found the string 'high'"),
    ])
  func errors(text: String, expected: String) {
    #expect(refusal(Topic.self, text) == "t.yaml:\(expected)")
  }

  @Test("an error of the type's own has its place too")
  func ownErrors() {
    #expect(refusal([Even].self, "[2,\n 3]") == "t.yaml:2:2: 3 is odd")
    #expect(refusal(Pair.self, "[1, 2, 3]") == "t.yaml:1:8: 3 elements where 2 are expected")
    #expect(refusal(Pair.self, "[1]") == "t.yaml:1:1: a whole number is missing after 1 elements")
    #expect(refusal([String: Even].self, "{a: 2, b: 1}") == "t.yaml:1:11: 1 is odd")
  }

  @Test("unknown keys are taken when that is asked for")
  func lenient() throws {
    var decoder = YAMLDecoder()
    decoder.allowsUnknownKeys = true
    let node = try parse("{name: a, spec: {partitions: 1, more: 2}, other: 3}")
    #expect(try decoder.decode(Topic.self, from: node).name == "a")
  }

  @Test("a large mapping is decoded in linear time")
  func large() throws {
    let text = (0..<50_000).map { "k\($0): \($0)\n" }.joined()
    let value = try YAMLDecoder().decode([String: Int].self, from: Array(text.utf8), file: "t.yaml")
    #expect(value.count == 50_000)
  }
}
