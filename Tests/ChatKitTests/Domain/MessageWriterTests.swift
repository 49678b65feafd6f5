import ChatKit
import Networking
import Postgres
import Primitives
import TestSupport
import Testing

@Suite("The batch writer")
struct MessageWriterTests {
  @Test("messages of one tick are one batch, numbered in their order")
  func batches() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let room = try await domain.group(ann)
      let writer = domain.writer()
      let tasks = (1...40).map { n in
        domain.loop.start {
          try? await writer.write(MessageDraft(conversationId: room, senderId: ann.id, body: "\(n)"))
        }
      }
      var seqs: [Int64] = []
      for task in tasks {
        guard case .stored(let message) = await task.value else { throw TestFailure("a message was not stored") }
        seqs.append(message.seq)
      }
      #expect(seqs == Array(1...40))
      #expect(writer.counters.batches == 1)
      #expect(try await domain.count("SELECT count(*) FROM outbox") == 40)
    }
  }

  @Test("writers of several loops number one conversation without gaps")
  func severalWriters() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let rooms = [try await domain.group(ann), try await domain.group(ann), try await domain.group(ann)]
      try await withLoops(3) { loops in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for (index, loop) in loops.enumerated() {
            group.addTask {
              try await loop.submit {
                let writer = domain.writer(on: loop)
                let tasks = (0..<200).map { n in
                  // Each loop visits the rooms in an order of its own: a wrong order of locks would deadlock.
                  let room = rooms[(n * (index + 1)) % 3]
                  return loop.start {
                    try? await writer.write(MessageDraft(conversationId: room, senderId: ann.id, body: "\(n)"))
                  }
                }
                for task in tasks { if await task.value == nil { throw TestFailure("a message was refused") } }
              }
            }
          }
          try await group.waitForAll()
        }
      }
      #expect(try await domain.count("SELECT count(*) FROM messages") == 600)
      #expect(try await domain.count("SELECT sum(last_seq)::bigint FROM conversations") == 600)
      let gaps = try await domain.count(
        """
        SELECT count(*) FROM (SELECT conversation_id, max(seq) AS last, count(DISTINCT seq) AS n FROM messages
          GROUP BY conversation_id) c WHERE last <> n
        """)
      #expect(gaps == 0)
    }
  }

  @Test("the server's own message needs no participant, and nobody changes it")
  func announcements() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let bob = try await domain.user("bob")
      let room = try await domain.group(ann)
      let store = MessageStore(pool: domain.pool)
      let service = MessageService(writer: domain.writer(), store: store, loop: domain.loop)
      let editor = MessageEditor(store: store, messages: service, publisher: domain.publisher)
      let said = try await service.announce("bob has left", in: room, by: bob.id, named: "bob")
      #expect(said.type == .system && said.seq == 1 && said.senderName == "bob")
      let page = try await service.history(of: room, for: ann.id, from: .newest, limit: 10)
      #expect(page.messages == [said])
      await #expect(throws: ChatError.self) { try await editor.delete(said.id, version: nil, by: ann.id) }
      await #expect(throws: ChatError.self) {
        try await service.announce("x", in: .v7(), by: ann.id)
      }
      // Anybody else's message must be a participant's, and no system message.
      await #expect(throws: ChatError.self) {
        try await service.send(MessageDraft(conversationId: room, senderId: bob.id, body: "x"))
      }
      await #expect(throws: ChatError.self) {
        try await service.send(MessageDraft(conversationId: room, senderId: ann.id, type: .system, body: "x"))
      }
    }
  }

  @Test("the same key and body is the same message, in one tick and later")
  func replays() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let room = try await domain.group(ann)
      let writer = domain.writer()
      let draft: @Sendable () -> MessageDraft = {
        MessageDraft(conversationId: room, senderId: ann.id, body: "hello", idempotencyKey: "k")
      }
      let tasks = (0..<3).map { _ in domain.loop.start { try? await writer.write(draft()) } }
      var outcomes: [MessageWriter.Outcome] = []
      for task in tasks { if let outcome = await task.value { outcomes.append(outcome) } }
      outcomes.append(try await writer.write(draft()))
      #expect(outcomes.count == 4)
      #expect(Set(outcomes.map { $0.storedMessage.id }).count == 1)
      #expect(Set(outcomes.map { $0.storedMessage.createdAt }).count == 1)
      #expect(outcomes.count { if case .stored = $0 { true } else { false } } == 1)
      #expect(try await domain.count("SELECT count(*) FROM messages") == 1)
    }
  }

  @Test("the same key with another body is refused, and its neighbours are not")
  func keyReuse() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let bob = try await domain.user("bob")
      let room = try await domain.group(ann)
      let writer = domain.writer()
      _ = try await writer.write(
        MessageDraft(conversationId: room, senderId: ann.id, body: "first", idempotencyKey: "k"))
      let drafts = [
        MessageDraft(conversationId: room, senderId: ann.id, body: "second"),
        MessageDraft(conversationId: room, senderId: ann.id, body: "other", idempotencyKey: "k"),
        MessageDraft(conversationId: room, senderId: bob.id, body: "stranger"),
        MessageDraft(conversationId: .v7(), senderId: ann.id, body: "nowhere"),
        MessageDraft(conversationId: room, senderId: ann.id, body: "third"),
      ]
      let tasks = drafts.map { draft in
        domain.loop.start { () -> String in
          do {
            return "\(try await writer.write(draft).storedMessage.seq)"
          } catch let error as ChatError {
            return error.code.rawValue
          } catch {
            return "\(error)"
          }
        }
      }
      var answers: [String] = []
      for task in tasks { answers.append(await task.value) }
      #expect(answers == ["2", "idempotency_key_reused", "not_found", "not_found", "3"])
      #expect(writer.counters.batches == 2)
    }
  }

  @Test("one key used by two writers at once for two messages: one is stored, one refused")
  func keyRace() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let rooms = [try await domain.group(ann), try await domain.group(ann)]
      let answers = try await withLoops(2) { loops in
        try await withThrowingTaskGroup(of: [String].self) { group in
          for (index, loop) in loops.enumerated() {
            group.addTask {
              try await loop.submit {
                let writer = domain.writer(on: loop)
                var answers: [String] = []
                for n in 0..<50 {
                  let draft = MessageDraft(
                    conversationId: rooms[index], senderId: ann.id, body: "b", idempotencyKey: "key-\(n)")
                  do {
                    _ = try await writer.write(draft)
                    answers.append("stored")
                  } catch let error as ChatError {
                    answers.append(error.code.rawValue)
                  }
                }
                return answers
              }
            }
          }
          return try await group.reduce(into: [String]()) { $0 += $1 }
        }
      }
      #expect(answers.count { $0 == "stored" } == 50)
      #expect(answers.count { $0 == "idempotency_key_reused" } == 50)
    }
  }

  @Test("connections that break under way: each message is stored exactly once, whatever was in doubt")
  func brokenConnections() async throws {
    try await Domain.with { domain in
      let ann = try await domain.user("ann")
      let rooms = [try await domain.group(ann), try await domain.group(ann)]
      let writer = domain.writer()
      let tasks = (0..<400).map { n in
        domain.loop.start { () -> Result<UUID, any Error> in
          try? await domain.loop.sleep(for: .milliseconds(n))
          let draft = MessageDraft(
            conversationId: rooms[n % 2], senderId: ann.id, body: "\(n)", idempotencyKey: n % 3 == 0 ? "k\(n)" : nil)
          do {
            return .success(try await writer.write(draft).storedMessage.id)
          } catch {
            return .failure(error)
          }
        }
      }
      let deadline = domain.loop.now + Duration.seconds(30).nanoseconds
      var kills: Int64 = 0
      while writer.counters.stored < 395, domain.loop.now < deadline {
        kills += try await domain.count(
          """
          SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%send_messages%'
          """)
        try await domain.loop.sleep(for: .milliseconds(40))
      }
      var ids = Set<UUID>()
      for task in tasks { ids.insert(try await task.value.get()) }
      #expect(kills > 0)
      #expect(writer.counters.retries > 0)
      #expect(ids.count == 400)
      #expect(try await domain.count("SELECT count(*) FROM messages") == 400)
      #expect(try await domain.count("SELECT count(DISTINCT (conversation_id, body)) FROM messages") == 400)
      #expect(try await domain.count("SELECT sum(last_seq)::bigint FROM conversations") == 400)
      #expect(try await domain.count("SELECT count(*) FROM outbox") == 400)
    }
  }

  @Test("more than may wait are refused as overloaded; a store that is away as unavailable, in time")
  func limits() async throws {
    try await withLoop { loop in
      var configuration = PostgresConfiguration(connectionString: "host=/nonexistent dbname=none")
      configuration.acquireTimeout = .milliseconds(50)
      configuration.poolSize = 1
      var limits = MessageWriter.Limits()
      limits.queue = 5
      limits.patience = .milliseconds(200)
      let writer = MessageWriter(store: PostgresPool(configuration, loop: loop), loop: loop, limits: limits) { _ in }
      let tasks = (0..<6).map { _ in
        loop.start { () -> ChatError? in
          do {
            _ = try await writer.write(MessageDraft(conversationId: .v7(), senderId: .v7(), body: "x"))
            return nil
          } catch {
            return error as? ChatError
          }
        }
      }
      var codes: [ChatError.Code?] = []
      for task in tasks { codes.append(await task.value?.code) }
      #expect(codes == [.unavailable, .unavailable, .unavailable, .unavailable, .unavailable, .overloaded])
    }
  }
}

extension MessageWriter.Outcome {
  var storedMessage: Message {
    switch self {
    case .stored(let message), .replayed(let message): message
    }
  }
}
