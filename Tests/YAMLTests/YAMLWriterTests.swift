import Testing
import YAML

@Suite("Writing YAML")
struct YAMLWriterTests {
  @Test("the layout is kubectl's")
  func layout() {
    var yaml = YAMLWriter()
    yaml.beginMapping()
    yaml.field("kind", "Topic")
    yaml.key("spec")
    yaml.beginMapping()
    yaml.field("partitions", 12)
    yaml.key("labels")
    yaml.beginMapping()
    yaml.end()
    yaml.key("replicas")
    yaml.beginSequence()
    yaml.value(1)
    yaml.beginMapping()
    yaml.field("node", 2)
    yaml.field("isLeader", true)
    yaml.end()
    yaml.beginSequence()
    yaml.value("x")
    yaml.beginSequence()
    yaml.end()
    yaml.end()
    yaml.end()
    yaml.field("text", "one\ntwo\n")
    yaml.key("none")
    yaml.null()
    yaml.end()
    yaml.end()
    yaml.value("second")
    #expect(
      yaml.text == """
        kind: Topic
        spec:
          partitions: 12
          labels: {}
          replicas:
          - 1
          - node: 2
            isLeader: true
          - - x
            - []
          text: |
            one
            two
          none: null
        ---
        second

        """)
  }

  @Test(
    "strings that a reader could take for something else are quoted",
    arguments: [
      ("plain", "plain"), ("two words", "two words"), ("a:b", "a:b"), ("/path/x", "/path/x"), ("é…", "é…"),
      ("no", "\"no\""), ("Yes", "\"Yes\""), ("null", "\"null\""), ("", "\"\""), ("12", "\"12\""), ("1.10", "\"1.10\""),
      ("0o17", "\"0o17\""), ("1_000", "\"1_000\""), ("12:30", "\"12:30\""), ("2025-01-31", "\"2025-01-31\""),
      ("- x", "\"- x\""), ("a: b", "\"a: b\""), ("a #b", "\"a #b\""), ("a:", "\"a:\""), (" a", "\" a\""),
      ("a ", "\"a \""), ("#a", "\"#a\""), ("&a", "\"&a\""), ("*a", "\"*a\""), ("!a", "\"!a\""), ("<<", "\"<<\""),
      ("say \"x\"", "say \"x\""), ("\"x\"", "\"\\\"x\\\"\""), ("a\tb", "\"a\\tb\""), ("\u{1b}[1m", "\"\\x1b[1m\""),
      ("\u{2028}", "\"\\u2028\""), ("\u{feff}", "\"\\ufeff\""), ("...", "\"...\""), ("\r\n", "\"\\r\\n\""),
      ("30s", "30s"), ("16KiB", "16KiB"), ("1d", "1d"), ("0s", "\"0s\""), ("1e5", "\"1e5\""), ("0x1f", "\"0x1f\""),
      ("1h30m", "\"1h30m\""), (" a\nb", "\" a\\nb\""), ("a\nb", "|-\n  a\n  b"),
    ])
  func quoting(text: String, written: String) throws {
    var yaml = YAMLWriter()
    yaml.value(text)
    #expect(yaml.text == written + "\n")
    #expect(try parse(yaml.text).string == text)
  }

  @Test("a comment stands behind its line and changes nothing")
  func comments() throws {
    var yaml = YAMLWriter()
    yaml.beginMapping()
    yaml.field("a", "x # y")
    yaml.comment("from --a")
    yaml.key("list")
    yaml.beginSequence()
    yaml.value(1)
    yaml.comment("one\ntwo")
    yaml.end()
    yaml.end()
    #expect(yaml.text == "a: \"x # y\"  # from --a\nlist:\n- 1\n")
    #expect(try parse(yaml.text)["a"]?.string == "x # y")
  }

  @Test("what was written reads back the same, whatever it is", arguments: 0..<8)
  func roundTrip(seed: Int) throws {
    var random = SplitMix(seed: UInt64(seed))
    for _ in 0..<150 {
      let tree = Tree.random(&random, depth: 5)
      var yaml = YAMLWriter()
      tree.write(to: &yaml)
      let node = try parse(yaml.text)
      #expect(tree.isEqual(to: node), "\(yaml.text)")
      var again = YAMLWriter()
      again.value(node)
      #expect(again.text == yaml.text)
    }
  }
}
