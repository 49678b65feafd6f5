import Testing
import YAML

@Suite("Damaged YAML")
struct YAMLMutationTests {
  private static let sample = Array(
    """
    %YAML 1.2
    --- !!map
    apiVersion: chatd/v1 # comment
    kind: Topic
    metadata: {name: "chat.\\u00e9vents", labels: &l [a, 'b', *x]}
    spec:
      partitions: 0x10
      text: |+
        one

        two
      folded: >-
        a
        b
      ? key
      : - 1.5
        - .inf
        - &x ~
        - *x
    ...
    --- second
    """.utf8)

  @Test("every prefix is accepted or refused with a place")
  func truncated() {
    for count in 0...Self.sample.count { check(Array(Self.sample.prefix(count))) }
  }

  @Test("random damage never gets further than an error", arguments: 0..<4)
  func mutated(seed: Int) {
    var random = SplitMix(seed: UInt64(seed))
    let interesting = Array(":-[]{}&*!|>'\"%@`#,?\n\t \r\\~<".utf8) + [0, 0x80, 0xff, 0xc3, 0xef]
    for _ in 0..<1500 {
      var bytes = Self.sample
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[index] = .random(in: 0...255, using: &random)
        case 1: bytes.insert(interesting.randomElement(using: &random) ?? 0, at: index)
        case 2: bytes.remove(at: index)
        default: bytes.insert(contentsOf: bytes[index...].prefix(20), at: index)
        }
      }
      check(bytes)
    }
  }

  private func check(_ bytes: [UInt8]) {
    do {
      for document in try YAMLNode.documents(in: bytes, file: "t.yaml") {
        // What is accepted can be written and read again.
        var yaml = YAMLWriter()
        yaml.value(document)
        _ = try YAMLNode.document(in: Array(yaml.text.utf8), file: "again.yaml")
      }
    } catch {
      #expect(error.file == "t.yaml", "\(error)")
      #expect(error.mark.line >= 1 && error.mark.column >= 1 && !error.message.isEmpty)
    }
  }
}
