import JSON
import TestSupport
import Testing

@Suite("chatctl topic")
struct ChatctlTopicTests {
  @Test(
    "on Kafka: what would move and what would go is said first, then done, and the second time there is nothing to do",
    .enabled(if: TestKafka.canStart, "no Kafka: see TestKafka"))
  func kafka() async throws {
    try await Operated.with(.kafka, "ctl_topic") { operated in
      let person = try await operated.stack.person()
      for _ in 0..<4 { _ = try await operated.talk(person, messages: 1) }
      try await eventually("both topics") {
        let list = try await operated.records(["topic", "list"])
        return Set(list.records.map { $0.text("name") }) == ["chat.events", "chat.events.dead"]
      }
      let none = try await operated.chatctl(["topic", "diff"])
      #expect(none.exit == .code(0), "\(none.output)")

      let wish = ["chat.events", "--to-partitions", "16", "--set", "retention.ms=1d", "--set", "segment.bytes=1GiB"]
      let diff = try await operated.records(["topic", "diff"] + wish)
      #expect(diff.exit == .code(1))
      let partitions = try #require(diff.records.first { $0.text("what") == "partitions" })
      #expect(partitions.text("from") == "8" && partitions.text("to") == "16")
      #expect(partitions.text("warning").hasSuffix(" of 4 rooms"), "\(partitions.text("warning"))")
      let retention = try #require(diff.records.first { $0.text("what") == "retention.ms" })
      #expect(retention.text("risk") == "destructive" && retention.text("from") == "604800000")
      #expect(retention.text("warning").contains("0 records now"))

      let asked = try await operated.chatctl(["topic", "apply"] + wish)
      #expect(asked.exit == .code(64) && asked.output.contains("--yes"), "\(asked.output)")
      let applied = try await operated.chatctl(["topic", "apply"] + wish + ["--yes"])
      #expect(applied.exit == .code(0), "\(applied.output)")
      #expect(try await operated.chatctl(["topic", "diff"] + wish).exit == .code(0))
      let again = try await operated.chatctl(["topic", "apply"] + wish)
      #expect(again.exit == .code(0) && again.output.contains("nothing to change"), "\(again.output)")

      // What is not named stays, and is shown.
      let added = try await operated.records(["topic", "diff", "chat.events", "--set", "max.message.bytes=2MiB"])
      let kept = added.records.filter { $0.text("action") == "keep" }.map { $0.text("what") }
      #expect(kept.sorted() == ["retention.ms", "segment.bytes"])
      let fewer = try await operated.chatctl(["topic", "apply", "chat.events", "--to-partitions", "4", "--yes"])
      #expect(fewer.exit == .code(1) && fewer.output.contains("cannot lose partitions"), "\(fewer.output)")
      let wrong = try await operated.chatctl(["topic", "diff", "chat.events", "--set", "retention.ms=soon"])
      #expect(wrong.exit == .code(1) && wrong.output.contains("Kafka would refuse it"), "\(wrong.output)")

      // The same by a manifest, and with apply of all kinds.
      let file = "\(try TemporaryFolder.make())/topics.yaml"
      try FileText.write(
        """
        apiVersion: chatd/v1
        kind: Topic
        metadata: {name: chat.events}
        spec: {partitions: 20, config: {retention.ms: 2d, segment.bytes: null}}
        ---
        apiVersion: chatd/v1
        kind: User
        metadata: {name: nobody}
        spec: {}
        """, to: file)
      let planned = try await operated.records(["topic", "diff", "-f", file])
      #expect(planned.exit == .code(1))
      #expect(
        planned.records.map { "\($0.text("what")) \($0.text("to"))" }.sorted() == [
          "partitions 20", "retention.ms 172800000", "segment.bytes ",
        ])
      #expect(planned.records.contains { $0.text("warning").hasSuffix(" of 4 rooms") })
      let both = try await operated.chatctl(["topic", "diff", "chat.events", "-f", file, "--to-partitions", "3"])
      #expect(both.exit == .code(64) && both.output.contains("manifests say what is wanted"))
      #expect(try await operated.chatctl(["topic", "apply", "-f", file]).exit == .code(64))
      #expect(try await operated.chatctl(["topic", "apply", "-f", file, "--yes"]).exit == .code(0))
      #expect(try await operated.chatctl(["topic", "diff", "-f", file]).exit == .code(0))
      let whole = try await operated.chatctl(["diff", "-f", file])
      #expect(!whole.output.contains("partitions") && !whole.output.contains("retention.ms"), "\(whole.output)")
      let other = try await operated.chatctl(["topic", "diff", "elsewhere", "-f", file])
      #expect(other.exit == .code(64) && other.output.contains("there are chat.events"), "\(other.output)")
      _ = try await operated.chatctl(["topic", "apply", "chat.events", "--set", "retention.ms=1d", "--yes"])

      let text = try await operated.chatctl(["topic", "describe", "chat.events"])
      #expect(text.exit == .code(0) && text.output.contains("retention.ms") && text.output.contains("86400000"))
      let read = try await operated.chatctl(["topic", "delete", "chat.events", "--yes"])
      #expect(read.exit == .code(75) && read.output.contains("gateway"), "\(read.output)")
      #expect(try await operated.chatctl(["topic", "delete", "chat.events.dead", "--yes"]).exit == .code(0))
      #expect(try await operated.chatctl(["topic", "delete", "never-was", "--yes"]).exit == .code(1))
      try await eventually("it is gone") {
        try await operated.chatctl(["topic", "describe", "chat.events.dead"]).exit == .code(1)
      }
      let missing = try await operated.records(["topic", "diff"])
      #expect(missing.exit == .code(1) && missing.records.contains { $0.text("action") == "create" })
      #expect(try await operated.chatctl(["topic", "apply"]).exit == .code(0))
      #expect(try await operated.chatctl(["topic", "diff"]).exit == .code(0))
    }
  }

  @Test("on Redis Streams: what there is, and what there is not")
  func redis() async throws {
    try await Operated.with(.redis, "ctl_topic") { operated in
      let person = try await operated.stack.person()
      _ = try await operated.talk(person, messages: 3)
      let list = try await operated.records(["topic", "list"])
      let events = try #require(list.records.first { $0.text("name") == "chat.events" })
      #expect(events.number("records") ?? 0 >= 3 && events["replication"]?.isNull == true)
      let describe = try await operated.records(["topic", "describe", "chat.events"])
      #expect(describe.records.first?["partitions"]?[0]?["records"]?.int != nil)
      #expect(try await operated.chatctl(["topic", "diff"]).exit == .code(0))
      let diff = try await operated.chatctl(["topic", "diff", "chat.events", "--to-partitions", "16"])
      #expect(diff.exit == .code(1) && diff.output.contains("impossible"), "\(diff.output)")
      let apply = try await operated.chatctl(
        ["topic", "apply", "chat.events", "--set", "retention.ms=1d", "--yes"])
      #expect(apply.exit == .code(1) && apply.output.contains("Redis Streams have no such setting"), "\(apply.output)")
      let file = "\(try TemporaryFolder.make())/topics.yaml"
      try FileText.write(
        "apiVersion: chatd/v1\nkind: Topic\nmetadata: {name: chat.events}\nspec: {partitions: 20}\n", to: file)
      let manifest = try await operated.chatctl(["topic", "diff", "-f", file])
      #expect(manifest.exit == .code(0) && manifest.output.contains("Redis Streams make it"), "\(manifest.output)")
      try await operated.stopChatd()
      #expect(try await operated.chatctl(["topic", "delete", "chat.events", "--yes"]).exit == .code(0))
      #expect(try await operated.chatctl(["topic", "describe", "chat.events"]).exit == .code(1))
    }
  }
}
