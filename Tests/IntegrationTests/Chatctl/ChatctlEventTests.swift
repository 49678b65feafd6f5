import ChatKit
import JSON
import Networking
import Primitives
import Redis
import TestSupport
import Testing

@Suite("chatctl dead, outbox and trace")
struct ChatctlEventTests {
  @Test("a message's way is told from the request to its reader, on the bus with its place", arguments: OperatedBus.all)
  func trace(_ bus: OperatedBus) async throws {
    try await Operated.with(bus, "ctl_trace") { operated in
      let sender = try await operated.stack.person()
      let reader = try await operated.stack.person()
      let (room, messages) = try await operated.talk(sender, [reader], messages: 2)
      let last = try #require(messages.last)
      try await reader.api.post("/api/conversations/\(room)/read", ["seq": 2]).expect(200)
      try await eventually("all of its way") {
        let trace = try await operated.records(["trace", last])
        return trace.exit == .code(0) && trace.records.contains { $0.text("hop") == "effects" }
      }
      let found = try await operated.records(["trace", last])
      func hop(_ name: String) -> JSONValue? { found.records.first { $0.text("hop") == name } }
      for name in ["api", "commit", "outbox", "bus", "gateway", "inbox", "effects"] {
        #expect(hop(name)?.text("state") == "done", "\(name): \(hop(name)?.text("detail") ?? "missing")")
      }
      #expect(hop("bus")?.text("detail").hasPrefix("chat.events, partition ") == true)
      #expect(hop("bus")?["at"]?.timestamp != nil && hop("effects")?["at"]?.timestamp != nil)
      #expect(hop("receivers")?.text("detail") == "1 members, 1 have said that they got it, 1 have read it")
      #expect(hop("read")?.text("detail") == "by \(reader.name)")
      let times = ["api", "commit", "bus", "effects"].compactMap { hop($0)?["at"]?.timestamp }
      // The bus keeps whole milliseconds.
      #expect(times.count == 4 && zip(times, times.dropFirst()).allSatisfy { $0 <= $1 + .milliseconds(1) }, "\(times)")
      let none = try await operated.chatctl(["trace", UUID.v7().description])
      #expect(none.exit == .code(1) && none.output.contains("there is no message"))
    }
  }

  @Test("what waits in the outbox is shown and published", arguments: OperatedBus.all)
  func outbox(_ bus: OperatedBus) async throws {
    try await Operated.with(bus, "ctl_outbox") { operated in
      let person = try await operated.stack.person()
      let (room, messages) = try await operated.talk(person, messages: 1)
      try await eventually("nothing waits") {
        try await operated.chatctl(["outbox", "status"]).output.contains("nothing waits")
      }
      try await operated.stopChatd()
      // As a process leaves it that died behind its commit.
      try await operated.sql(
        """
        INSERT INTO outbox (id, type, conversation_id, seq, created_at)
        VALUES (gen_random_uuid(), 'message.created', '\(room)', 1, now() - interval '1 hour')
        """)
      let status = try await operated.records(["outbox", "status"])
      #expect(status.exit == .code(1) && status.records.first?.number("events") == 1)
      let waiting = try await operated.records(["trace", try #require(messages.first)])
      #expect(waiting.exit == .code(1) && waiting.records.contains { $0.text("state") == "waiting" })
      let dry = try await operated.chatctl(["outbox", "replay", "--dry-run"])
      #expect(dry.exit == .code(0) && dry.output.contains("would publish up to 1 events"), "\(dry.output)")
      let replay = try await operated.records(["outbox", "replay"])
      #expect(replay.exit == .code(0) && replay.records.first?.number("published") == 1)
      #expect(try await operated.chatctl(["outbox", "status"]).exit == .code(0))
    }
  }

  @Test("letters are listed, shown, replayed and dropped")
  func dead() async throws {
    try await Operated.with(.redis, "ctl_dead") { operated in
      let person = try await operated.stack.person()
      let (room, _) = try await operated.talk(person, messages: 1)
      try await eventually("the inbox has done it") {
        try await operated.sql("SELECT count(*) FROM inbox_positions WHERE conversation_id = '\(room)' AND seq = 1")
          == "1"
      }
      #expect(try await operated.chatctl(["dead", "list"]).output.contains("there is no letter"))
      // What is no event at all.
      let redis = RedisClient(RedisConfiguration(.unix(operated.redisSocket)), loop: operated.loop)
      _ = try await redis.send("XADD", "chat.events:0", "*", "event", "no event")
      redis.close()
      try await eventually("it is parked") { try await operated.records(["dead", "list"]).records.count == 1 }
      let letter = try #require(try await operated.records(["dead", "list"]).records.first)
      #expect(letter.text("type") == "unreadable" && letter.text("state") == "parked")
      let event = letter.text("eventId")
      let show = try await operated.chatctl(["dead", "show", event])
      #expect(show.exit == .code(0) && show.output.contains("it is no event"), "\(show.output)")

      // One that can be done by now, as after a mended version: what is done already is removed.
      try await operated.sql(
        """
        INSERT INTO dead_letters (consumer, key, event_id, type, seq, payload, effect, error, attempts)
        SELECT 'inbox', m.conversation_id, gen_random_uuid(), 'message.created', 1, convert_to(json_build_object(
          'id', gen_random_uuid(), 'type', 'message.created', 'v', 1, 'at', m.created_at, 'conversationId', m.conversation_id,
          'seq', 1, 'data', json_build_object('id', m.id, 'senderId', m.sender_id, 'seq', 1, 'type', 'text', 'body', 'x',
          'createdAt', m.created_at))::text, 'UTF8'), 'mentions', 'a mistake of an older version', 5
        FROM messages m WHERE m.conversation_id = '\(room)'
        """)
      let dry = try await operated.records(["dead", "replay", "--all", "--dry-run"])
      #expect(dry.exit == .code(0) && dry.records.count == 2)
      let replay = try await operated.records(["dead", "replay", "--all", "--rate", "100"])
      #expect(replay.exit == .code(4))
      #expect(replay.records.first { $0.text("room") == room }?.text("outcome") == "done")
      let failed = try #require(replay.records.first { $0.text("room") != room })
      #expect(failed.text("outcome") == "failed" && failed.number("done") == 0)

      #expect(try await operated.chatctl(["dead", "drop", event]).exit == .code(64))
      #expect(try await operated.chatctl(["dead", "drop", event, "--dry-run"]).exit == .code(0))
      #expect(try await operated.chatctl(["dead", "drop", event, "--yes"]).exit == .code(0))
      #expect(try await operated.records(["dead", "list"]).records.isEmpty)
      #expect(try await operated.chatctl(["dead", "drop", event, "--yes"]).exit == .code(1))
    }
  }
}
