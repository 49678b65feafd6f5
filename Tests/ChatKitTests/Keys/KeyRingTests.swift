import JSON
import Networking
import Postgres
import Primitives
import TestSupport
import Testing

@testable import ChatKit

@Suite("The keys of messages")
struct KeyRingTests {
  private func chatCode(_ body: () async throws -> Void) async -> ChatError.Code? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? ChatError)?.code
    }
  }

  @Test("bodies are sealed in the store, in the outbox and on the bus, and open for who reads them")
  func sealing() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let bob = try await it.domain.user("bob")
      let room = try await it.room(ann, [bob])
      let open = try await it.domain.group(ann, [bob])
      let seen = Recorder<[UInt8]>()
      let subscription = it.domain.bus.subscribe(group: "g") { seen.elements += $0 }
      let word = "xylophone"
      let sent = try await it.send("\(word) one", to: room, by: ann, key: "k")
      #expect(sent.body == "\(word) one" && sent.sealed?.keyVersion == 1)
      _ = try await it.send("plain", to: open, by: ann)
      // In one batch as well, and in its order.
      let drafts = [room, open, room].enumerated().map { index, id in
        MessageDraft(conversationId: id, senderId: ann.id, body: "\(word) b\(index)")
      }
      let batch = try await it.service.send(batch: drafts.map { .success($0) }, by: ann.id)
      #expect(batch.compactMap { try? $0.get().storedMessage.seq } == [2, 2, 3])
      let edited = try await it.editor.edit(sent.id, body: "\(word) edited", version: nil, by: ann.id)
      #expect(edited.body == "\(word) edited" && edited.version == 4)
      _ = try await it.service.announce("\(word) joins", in: room, by: bob.id)
      #expect(
        try await it.bodies(of: room, for: bob) == ["\(word) edited", "\(word) b0", "\(word) b2", "\(word) joins"])
      #expect(try await it.bodies(of: open, for: bob) == ["plain", "\(word) b1"])
      #expect(try await it.service.message(sent.id, for: bob.id).message.body == "\(word) edited")
      let log = try await it.store.entries(of: room, after: 0, through: 9, limit: 10)
      #expect(log.map(\.message.body).first == "\(word) edited" && log.count == 5)
      let inbox = try await it.conversations.inbox(of: bob.id, after: nil, limit: 10).entries
      let entry = try #require(inbox.first { $0.conversation.id == room })
      #expect(entry.lastMessage?.body == "\(word) joins" && entry.conversation.isEncrypted)
      // The store has none of it.
      let secret = "conversation_id = '\(room)'"
      #expect(try await it.domain.count("SELECT count(*) FROM messages WHERE \(secret) AND body IS NOT NULL") == 0)
      #expect(
        try await it.domain.count(
          "SELECT count(*) FROM messages WHERE \(secret) AND key_version = 1 AND length(iv) = 12 AND length(auth_tag) = 16"
        ) == 4)
      #expect(try await it.domain.count("SELECT count(DISTINCT iv) FROM messages WHERE \(secret)") == 4)
      while try await SearchIndexer(pool: it.domain.pool, loop: it.domain.loop).round() > 0 {}
      #expect(try await it.domain.count("SELECT count(*) FROM message_search WHERE \(secret)") == 0)
      // Nor has the bus, and whoever may open an event does.
      try await eventually("all events") { seen.elements.count { ReceivedEvent(payload: $0)?.seq != nil } >= 7 }
      let events = seen.elements.compactMap { ReceivedEvent(payload: $0) }.filter { $0.conversationId == room }
      for payload in seen.elements where ReceivedEvent(payload: payload)?.conversationId == room {
        #expect(!String(decoding: payload, as: UTF8.self).contains(word))
      }
      var bodies: [String] = []
      for event in events where event.seq != nil {
        #expect(event.data.value?["body"] == nil && event.data.value?["ciphertext"]?.string != nil)
        let data = await it.vault.open(event).value
        bodies.append(data?["body"]?.string ?? "")
        #expect(data?["ciphertext"] == nil && data?["keyVersion"] == nil && data?["iv"] == nil)
        #expect(data?["id"]?.uuid != nil && data?["version"]?.int != nil)
      }
      #expect(Set(bodies) == ["\(word) one", "\(word) b0", "\(word) b2", "\(word) edited", "\(word) joins"])
      await subscription.close()
    }
  }

  @Test("an event in MessagePack is sealed and opened as well", arguments: EventEncoding.allCases)
  func encodings(encoding: EventEncoding) async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let room = try await it.room(ann)
      let message = try await it.send("a \"body\" \u{1F600}", to: room, by: ann)
      let payload = Event.messageCreated(.v7(), message, epoch: 0).busEvent(as: encoding).payload
      let event = try #require(ReceivedEvent(payload: payload))
      let value = try #require(await it.vault.open(event).value)
      #expect(value["body"]?.string == "a \"body\" \u{1F600}")
      // Under another message's name it is not that message's.
      var other = message
      other.id = .v7()
      let moved = try #require(
        ReceivedEvent(payload: Event.messageCreated(.v7(), other, epoch: 0).busEvent(as: encoding).payload))
      let refused = try #require(await it.vault.open(moved).value)
      #expect(refused["body"] == nil && refused["unreadable"]?.string == "decryption_failed")
    }
  }

  @Test("what follows from an event sees the body, and what is kept of it does not")
  func effects() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let room = try await it.room(ann)
      let message = try await it.send("hello @ann", to: room, by: ann)
      let payload = Event.messageCreated(.v7(), message, epoch: 0).busEvent.payload
      let received = try #require(ReceivedEvent(payload: payload))
      let event = try InboxEvent(received, opened: await it.vault.openSealed(received))
      #expect(event.posted?.body == "hello @ann" && event.posted?.isSealed == true)
      #expect(!String(decoding: event.data, as: UTF8.self).contains("hello"))
      let entry = try #require(try await it.store.entries(of: room, after: 0, through: 1, limit: 1).first)
      let caughtUp = try InboxEvent(entry)
      #expect(caughtUp.posted?.body == "hello @ann" && caughtUp.posted?.isSealed == true)
      #expect(!String(decoding: caughtUp.data, as: UTF8.self).contains("hello"))
    }
  }

  @Test("idempotency: the same key and body is the same message, and the store cannot be asked what it says")
  func idempotency() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let room = try await it.room(ann)
      let first = try await it.send("yes", to: room, by: ann, key: "k")
      #expect(try await it.send("yes", to: room, by: ann, key: "k").id == first.id)
      #expect(await chatCode { _ = try await it.send("no", to: room, by: ann, key: "k") } == .idempotencyKeyReused)
      let draft = MessageDraft(conversationId: room, senderId: ann.id, body: "yes", idempotencyKey: "k")
      let stored = try await it.domain.pool.query("SELECT fingerprint FROM idempotency_keys")[0].get(
        0, as: [UInt8].self)
      #expect(stored != draft.fingerprint && stored.count == 32)
      #expect(try it.vault.keys.authenticated(draft.fingerprint) == stored)
    }
  }

  @Test("an edit that is so already makes no entry; one of what others changed meanwhile is refused by its version")
  func edits() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let room = try await it.room(ann)
      let message = try await it.send("one", to: room, by: ann)
      let edited = try await it.editor.edit(message.id, body: "two", version: 1, by: ann.id)
      #expect(edited.version == 2)
      #expect(try await it.editor.edit(message.id, body: "two", version: 1, by: ann.id).version == 2)
      #expect(
        await chatCode { _ = try await it.editor.edit(message.id, body: "one", version: 1, by: ann.id) }
          == .preconditionFailed)
      #expect(try await it.editor.edit(message.id, body: "three", version: 2, by: ann.id).version == 3)
      #expect(try await it.bodies(of: room, for: ann) == ["three"])
      let gone = try await it.editor.delete(message.id, version: nil, by: ann.id)
      #expect(gone.body.isEmpty && gone.sealed == nil && gone.unreadable == nil)
      #expect(try await it.domain.count("SELECT count(*) FROM messages WHERE key_version IS NOT NULL") == 0)
    }
  }

  @Test("a process that does not know that a conversation is encrypted is told so by the store, and seals")
  func ignorance() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let room = try await it.room(ann)
      // Its keys are from before the first one.
      let vault = MessageVault(.none, pool: it.domain.pool)
      let watch = KeyWatch(.none, master: it.master, pool: it.domain.pool, loop: it.domain.loop) { vault.replace($0) }
      vault.refresh = { await watch.refresh() }
      let writer = it.domain.writer(vault: vault)
      let tasks = (1...3).map { n in
        it.domain.loop.start {
          try? await writer.write(MessageDraft(conversationId: room, senderId: ann.id, body: "\(n)"))
        }
      }
      var seqs: [Int64] = []
      for task in tasks { if let outcome = await task.value { seqs.append(outcome.storedMessage.seq) } }
      #expect(seqs == [1, 2, 3])
      #expect(try await it.bodies(of: room, for: ann) == ["1", "2", "3"])
      // One that has no master key stores nothing, rather than a body that all can read.
      let blind = MessageVault(.none, pool: it.domain.pool)
      let bare = it.domain.writer(vault: blind)
      #expect(
        await chatCode { _ = try await bare.write(MessageDraft(conversationId: room, senderId: ann.id, body: "x")) }
          == .keyUnavailable)
      #expect(
        await chatCode {
          _ = try await it.domain.writer().write(MessageDraft(conversationId: room, senderId: ann.id, body: "x"))
        } == .keyUnavailable)
      #expect(try await it.domain.count("SELECT count(*) FROM messages") == 3)
      let blindStore = MessageStore(pool: it.domain.pool, vault: blind)
      #expect(
        try await blindStore.messages(of: room, after: 0, limit: 9).map(\.unreadable) == [
          .keyUnavailable, .keyUnavailable, .keyUnavailable,
        ])
    }
  }

  @Test("one body that cannot be read says why, and its neighbours are read")
  func unreadable() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let room = try await it.room(ann)
      var messages: [Message] = []
      for n in 1...6 { messages.append(try await it.send("\(n)", to: room, by: ann)) }
      func tamper(_ sql: String, _ seq: Int) async throws {
        _ = try await it.domain.pool.run(
          PostgresStatement(unchecked: "UPDATE messages SET \(sql) WHERE seq = \(seq)"), PostgresParameters())
      }
      try await tamper("auth_tag = set_byte(auth_tag, 0, get_byte(auth_tag, 0) # 1)", 1)
      try await tamper("iv = set_byte(iv, 11, get_byte(iv, 11) # 128)", 2)
      try await tamper("ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)", 3)
      // Another message's body, whole and under the same key.
      try await tamper(
        """
        (ciphertext, iv, auth_tag) = (SELECT ciphertext, iv, auth_tag FROM messages WHERE seq = 5 AND conversation_id = '\(room)')
        """, 4)
      try await tamper("key_version = 99", 6)
      let failed = "decryption_failed"
      #expect(
        try await it.bodies(of: room, for: ann) == [failed, failed, failed, failed, "5", "key_unavailable"])
      #expect(await chatCode { _ = try await it.service.message(messages[0].id, for: ann.id) } == .decryptionFailed)
      #expect(await chatCode { _ = try await it.service.message(messages[5].id, for: ann.id) } == .keyUnavailable)
      var json = JSONWriter()
      try await it.store.messages(of: room, after: 0, limit: 1)[0].write(to: &json)
      let shown = try JSONDocument(parsing: json.bytes).root
      #expect(shown["body"] == nil && shown["unreadable"]?.string == failed && shown["ciphertext"] == nil)
      let verification = try await it.ring.verify()
      #expect(verification.checked == 5 && verification.failures.count == 4)
      // Its sender may write it anew.
      _ = try await it.editor.edit(messages[0].id, body: "again", version: nil, by: ann.id)
      #expect(try await it.service.message(messages[0].id, for: ann.id).message.body == "again")
    }
  }

  @Test("a key is added, loaded, promoted, replaced, disabled and destroyed, each when it may be")
  func rotation() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let room = try await it.room(ann)
      for n in 1...5 { _ = try await it.send("\(n)", to: room, by: ann) }
      let node = NodeRegistration(
        role: "api", host: "here", pid: 1, pool: it.domain.pool, loop: it.domain.loop, connections: { (0, 0) },
        keyVersions: { it.watch.keys.versions })
      try await node.renew()
      #expect(try await it.ring.add() == 2)
      #expect(await keyErrorCode { try await it.ring.promote(2) } == .nodesBehind)
      #expect(try await it.ring.nodes(without: 2).count == 1)
      try await it.refresh()
      try await node.renew()
      #expect(it.vault.keys.versions == [1, 2] && it.vault.keys.active == 1)
      try await it.ring.promote(2)
      try await it.refresh()
      #expect(it.vault.keys.active == 2)
      _ = try await it.send("6", to: room, by: ann)
      #expect(try await it.ring.list().map(\.messages) == [5, 1])
      #expect(try await it.bodies(of: room, for: ann) == ["1", "2", "3", "4", "5", "6"])

      #expect(await keyErrorCode { try await it.ring.disable(2) } == .wrongState)
      #expect(await keyErrorCode { try await it.ring.destroy(1) } == .wrongState)
      #expect(await keyErrorCode { try await it.ring.promote(9) } == .noSuchKey)
      try await it.ring.disable(1)
      #expect(await keyErrorCode { try await it.ring.promote(1) } == .wrongState)
      #expect(await keyErrorCode { try await it.ring.destroy(1) } == .tooEarly)
      #expect(await keyErrorCode { try await it.ring.destroy(1, waiting: .zero) } == .inUse)
      try await it.refresh()
      let unavailable = "key_unavailable"
      #expect(
        try await it.bodies(of: room, for: ann)
          == [unavailable, unavailable, unavailable, unavailable, unavailable, "6"])
      try await it.ring.enable(1)
      try await it.refresh()
      // In small batches, cut short and continued; deleted and edited ones in between.
      _ = try await it.editor.edit(
        try await it.store.messages(of: room, after: 1, limit: 1)[0].id, body: "two", version: nil, by: ann.id)
      let second = try await it.room(ann)
      _ = try await it.send("other", to: second, by: ann)
      let progress = try await it.ring.reencrypt(batch: 2, pause: .milliseconds(1), on: it.domain.loop)
      #expect(progress.moved == 4 && progress.unreadable == 0 && progress.after == max(room, second))
      #expect(
        try await it.ring.reencrypt(from: progress, on: it.domain.loop) == progress, "nothing is left")
      #expect(try await it.ring.list().map(\.messages) == [0, 7])
      #expect(try await it.bodies(of: room, for: ann) == ["1", "two", "3", "4", "5", "6"])
      // What was re-encrypted is the same version of the message.
      #expect(
        try await it.domain.count("SELECT count(*) FROM messages WHERE changed_seq IS NOT NULL") == 1)
      let verification = try await it.ring.verify()
      #expect(verification.checked == 7 && verification.failures.isEmpty)
      try await it.ring.disable(1)
      try await it.ring.destroy(1, waiting: .zero)
      #expect(await keyErrorCode { try await it.ring.enable(1) } == .wrongState)
      try await it.refresh()
      #expect(it.vault.keys.versions == [2])
      #expect(
        try await it.domain.count(
          "SELECT count(*) FROM message_keys WHERE version = 1 AND wrapped IS NULL AND destroyed_at IS NOT NULL") == 1)
      #expect(try await it.bodies(of: room, for: ann) == ["1", "two", "3", "4", "5", "6"])
    }
  }

  @Test("a rehearsal is refused where the change would be, and changes nothing")
  func rehearsal() async throws {
    try await Encrypted.with { it in
      let rehearsal = KeyRing(it.domain.pool, master: it.master, isRehearsal: true)
      #expect(try await rehearsal.add() == 2)
      #expect(try await it.ring.list().count == 1)
      #expect(try await it.ring.add() == 2)
      try await rehearsal.promote(2)
      #expect(try await it.ring.list().map(\.key.state) == [.active, .enabled])
      #expect(await keyErrorCode { try await rehearsal.disable(1) } == .wrongState)
      #expect(await keyErrorCode { try await rehearsal.promote(3) } == .noSuchKey)
    }
  }

  @Test("a destroyed key comes back from its backup, with the master key that wrapped it and no other")
  func restoring() async throws {
    try await Encrypted.with { it in
      #expect(try await it.ring.add() == 2)
      let backup = try await it.ring.backup(2)
      #expect(try KeyBackup(json: backup.json) == backup)
      #expect(await keyErrorCode { try await it.ring.restore(backup) } == .wrongState)
      try await it.ring.disable(2)
      try await it.ring.destroy(2, waiting: .zero)
      #expect(await keyErrorCode { _ = try await it.ring.backup(2) } == .wrongState)
      let other = KeyRing(it.domain.pool, master: MasterKey.random())
      #expect(await keyErrorCode { try await other.restore(backup) } == .wrongMasterKey)
      var damaged = backup.json
      let text = String(decoding: damaged, as: UTF8.self).replacing("\"version\":2", with: "\"version\":1")
      damaged = Array(text.utf8)
      let moved = try KeyBackup(json: damaged)
      #expect(await keyErrorCode { try await it.ring.restore(moved) } == .damaged)
      #expect(throws: KeyError.self) { _ = try KeyBackup(json: Array("{}".utf8)) }
      try await it.ring.restore(backup)
      try await it.ring.enable(2)
      #expect(try await it.ring.keys().versions == [1, 2])
    }
  }

  @Test("a re-encryption keeps to its rate, and is stopped by who is told of it")
  func rate() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let rooms = [try await it.room(ann), try await it.room(ann)]
      for n in 0..<20 { _ = try await it.send("\(n)", to: rooms[n % 2], by: ann) }
      #expect(try await it.ring.add() == 2)
      try await it.ring.promote(2)
      struct Enough: Error {}
      await #expect(throws: Enough.self) {
        _ = try await it.ring.reencrypt(batch: 4, pause: .zero, on: it.domain.loop) { progress in
          if progress.moved >= 4 { throw Enough() }
        }
      }
      #expect(try await it.ring.list().map(\.messages) == [16, 4])
      let start = ContinuousClock.now
      let progress = try await it.ring.reencrypt(batch: 4, pause: .zero, rate: 100, on: it.domain.loop)
      #expect(progress.moved == 16)
      #expect(ContinuousClock.now - start >= .milliseconds(150))
    }
  }

  @Test("an edit at the same time wins over a re-encryption, and a message that comes meanwhile is not lost")
  func concurrency() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let room = try await it.room(ann)
      var ids: [UUID] = []
      for n in 0..<60 { ids.append(try await it.send("\(n)", to: room, by: ann).id) }
      #expect(try await it.ring.add() == 2)
      // Without nodes nobody is behind.
      try await it.ring.promote(2)
      // This loop still seals with 1 at first, as a node may for some seconds.
      let edits = it.domain.loop.start { [ids] in
        await Result {
          for (n, id) in ids.enumerated() where n % 2 == 0 {
            _ = try await it.editor.edit(id, body: "edited \(n)", version: nil, by: ann.id)
          }
        }
      }
      let progress = try await it.ring.reencrypt(batch: 3, pause: .milliseconds(1), on: it.domain.loop)
      try await edits.value.get()
      #expect(progress.moved + progress.overtaken >= 30 && progress.unreadable == 0)
      let bodies = try await it.bodies(of: room, for: ann)
      #expect(bodies == (0..<60).map { $0 % 2 == 0 ? "edited \($0)" : "\($0)" })
      try await it.refresh()
      _ = try await it.ring.reencrypt(on: it.domain.loop)
      #expect(try await it.ring.list().map(\.messages) == [0, 60])
      #expect(try await it.bodies(of: room, for: ann) == bodies)
    }
  }

  @Test("a key that a loop does not know yet is asked for, and not answered as missing")
  func lateness() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let room = try await it.room(ann)
      #expect(try await it.ring.add() == 2)
      try await it.ring.promote(2)
      let vault = MessageVault(try await it.ring.keys(), pool: it.domain.pool)
      _ = try await it.domain.writer(vault: vault).write(
        MessageDraft(conversationId: room, senderId: ann.id, body: "early"))
      #expect(it.vault.keys.versions == [1])
      #expect(try await it.bodies(of: room, for: ann) == ["early"])
      #expect(it.vault.keys.active == 2)
    }
  }

  @Test("two nodes that start at once make one first key; another master key is told from it")
  func first() async throws {
    try await Domain.with { domain in
      let master = MasterKey.random()
      let tasks = (0..<4).map { _ in
        domain.loop.start { await Result { try await KeyRing(domain.pool, master: master).addFirst() } }
      }
      for task in tasks { try await task.value.get() }
      #expect(try await MessageKeyRecord.all(domain.pool).map(\.state) == [.active])
      let other = KeyRing(domain.pool, master: .random())
      #expect(await keyErrorCode { _ = try await other.keys() } == .wrongMasterKey)
      #expect(await keyErrorCode { _ = try await other.add() } == .wrongMasterKey)
      #expect(await keyErrorCode { _ = try await KeyRing(domain.pool, master: nil).keys() } == .noMasterKey)
      _ = try await domain.pool.query(
        "UPDATE message_keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)")
      #expect(await keyErrorCode { _ = try await KeyRing(domain.pool, master: master).keys() } == .damaged)
    }
  }
}

extension Result where Failure == any Error {
  /// What `body` does, for a task that must not throw.
  fileprivate init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
