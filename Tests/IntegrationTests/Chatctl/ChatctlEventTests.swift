import ChatKit
import JSON
import Kafka
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
      let room = try await operated.stack.group(sender, [reader])
      let socket = try await operated.stack.joined(reader, room)
      var messages: [String] = []
      for number in 0..<2 {
        messages.append(
          try await operated.stack.send("message \(number)", to: room, by: sender).expect(201).string("id"))
      }
      let last = try #require(messages.last)
      _ = try await socket.next("message:new") { $0["id"]?.string == last }
      try await reader.api.post("/api/conversations/\(room)/read", ["seq": 2]).expect(200)
      try await eventually("all of its way") {
        let trace = try await operated.records(["trace", last, "--node", operated.adminURL])
        return trace.exit == .code(0) && trace.records.contains { $0.text("hop") == "effects" }
      }
      let found = try await operated.records(["trace", last, "--node", operated.adminURL])
      func hop(_ name: String) -> JSONValue? { found.records.first { $0.text("hop") == name } }
      for name in ["api", "commit", "outbox", "bus", "gateway", "inbox", "effects"] {
        #expect(hop(name)?.text("state") == "done", "\(name): \(hop(name)?.text("detail") ?? "missing")")
      }
      #expect(hop("bus")?.text("detail").hasPrefix("chat.events, partition ") == true)
      #expect(hop("bus")?["at"]?.timestamp != nil && hop("effects")?["at"]?.timestamp != nil)
      #expect(hop("receivers")?.text("detail") == "1 members, 1 have said that they got it, 1 have read it")
      #expect(hop("read")?.text("detail") == "by \(reader.name)")
      #expect(hop("sockets")?.text("detail") == "written to 1 socket by the chatd of \(operated.adminURL)")
      // What comes after the last record moves no group on: one that was read is done all the same.
      let newest = try await operated.stack.send("the newest", to: room, by: sender).expect(201).string("id")
      try await eventually("the way of the newest") { try await operated.chatctl(["trace", newest]).exit == .code(0) }
      // The bus keeps whole milliseconds.
      for way in [
        ["api", "commit", "bus", "gateway", "sockets"], ["commit", "outbox"], ["bus", "effects"], ["sockets", "read"],
      ] {
        let times = way.compactMap { hop($0)?["at"]?.timestamp }
        #expect(
          times.count == way.count && zip(times, times.dropFirst()).allSatisfy { $0 <= $1 + .milliseconds(1) },
          "\(way) \(times)")
      }
      // Without its admin listener the places of the groups are known still, and no time.
      let less = try await operated.chatctl(["trace", last])
      #expect(less.exit == .code(0) && less.output.contains("no process remembers when"), "\(less.output)")
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

  @Test("letters are listed, shown, replayed at a rate, and dropped", arguments: OperatedBus.all)
  func dead(_ bus: OperatedBus) async throws {
    try await Operated.with(bus, "ctl_dead") { operated in
      let person = try await operated.stack.person()
      let (room, _) = try await operated.talk(person, messages: 1)
      try await eventually("the inbox has done it") {
        try await operated.sql("SELECT count(*) FROM inbox_positions WHERE conversation_id = '\(room)' AND seq = 1")
          == "1"
      }
      #expect(try await operated.chatctl(["dead", "list"]).output.contains("there is no letter"))
      // What is no event at all.
      if let kafka = operated.kafka {
        let producer = try KafkaProducer(kafka, loop: operated.loop)
        try await producer.produce([
          KafkaRecord(topic: "chat.events", key: Array("x".utf8), value: Array("no event".utf8), partition: 0)
        ])
        await producer.close()
      } else {
        let redis = RedisClient(RedisConfiguration(.unix(operated.redisSocket)), loop: operated.loop)
        _ = try await redis.send("XADD", "chat.events:0", "*", "event", "no event")
        redis.close()
      }
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
      // Of the room six more, behind it.
      try await operated.sql(
        """
        INSERT INTO dead_letters (consumer, key, event_id, type, seq, payload, error, attempts)
        SELECT consumer, key, gen_random_uuid(), type, seq, payload, 'waits', 0
        FROM dead_letters CROSS JOIN generate_series(1, 6) WHERE effect = 'mentions'
        """)
      let ids = try await operated.sql("SELECT string_agg(event_id::text, ' ' ORDER BY id) FROM dead_letters")
      let dry = try await operated.records(["dead", "replay", "--all", "--dry-run"])
      #expect(dry.exit == .code(0) && dry.records.count == 2)
      #expect(try await operated.sql("SELECT string_agg(event_id::text, ' ' ORDER BY id) FROM dead_letters") == ids)
      // Two a second: seven take three seconds, and are asked for two by two.
      let clock = ContinuousClock()
      let begun = clock.now
      let slow = try await operated.records(["dead", "replay", room, "--rate", "2"])
      #expect(slow.exit == .code(0) && slow.records.first?.number("done") == 7, "\(slow)")
      #expect(clock.now - begun >= .seconds(3))
      try await operated.sql(
        """
        INSERT INTO dead_letters (consumer, key, event_id, type, seq, payload, effect, error, attempts)
        SELECT 'inbox', m.conversation_id, gen_random_uuid(), 'message.created', 1, convert_to(json_build_object(
          'id', gen_random_uuid(), 'type', 'message.created', 'v', 1, 'at', m.created_at, 'conversationId', m.conversation_id,
          'seq', 1, 'data', json_build_object('id', m.id, 'senderId', m.sender_id, 'seq', 1, 'type', 'text', 'body', 'x',
          'createdAt', m.created_at))::text, 'UTF8'), 'mentions', 'a mistake of an older version', 5
        FROM messages m WHERE m.conversation_id = '\(room)'
        """)
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
