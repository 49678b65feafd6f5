import ChatKit
import Networking
import Primitives
import Redis
import SocketIO

extension Recovery {
  /// Takes the session of a client that has come back out of wherever it is: each at most once. Nil where it cannot be
  /// continued for certain, without a gap and without a repetition: the client is a new one then.
  ///
  /// The offset names the hub that the client was on. That is this one, or another that lives and is asked, or one that
  /// has died: then Redis has what it wrote down.
  func take(_ id: SessionID, at offset: RecoveryOffset, user: UUID) async -> RecoveryAnswer? {
    if offset.hub == hub { return takeHere(id, at: offset.ordinal, user: user) }
    guard questions.count < limits.questions else { return nil }
    let number = nextQuestion
    nextQuestion += 1
    let question = RecoveryAsk.Question(
      number: number, asker: hub, privateID: id.description, ordinal: offset.ordinal, user: user)
    let patience = isRedisSettling ? limits.answer + Self.settlingTime : limits.answer
    let timer = loop.schedule(after: patience) { [self] in settle(number, nil) }
    defer { timer.cancel() }
    loop.start { [self] in await put(question, to: offset.hub) }
    let answer: RecoveryAnswer? = await withUnsafeContinuation { questions[number] = $0 }
    if answeredQuestions.remove(number) != nil { return answer }
    return try? await takeFromRedis(id, at: offset, user: user)
  }

  /// Puts a question to a hub. One that nobody hears is settled at once, but for the moment after Redis has come back:
  /// then the other hub, or this one's ear for the answer, may still be on the way to it.
  private func put(_ question: RecoveryAsk.Question, to other: String) async {
    repeat {
      var isHeard = true
      if isRedisSettling {
        let ears = try? await redis.send("PUBSUB", "NUMSUB", RecoveryAsk.channel(of: hub)).array
        isHeard = ears?.last?.integer == 1
      }
      if isHeard {
        let ears = try? await redis.send("PUBLISH", RecoveryAsk.channel(of: other), question.bytes).integer
        if ears == 1 { return }
      }
      guard isRedisSettling else { break }
      try? await loop.sleep(for: .milliseconds(50))
    } while questions[question.number] != nil
    settle(question.number, nil)
  }

  /// Ends a question; without an answer Redis is asked.
  private func settle(_ number: UInt64, _ answer: RecoveryAnswer?) {
    questions.removeValue(forKey: number)?.resume(returning: answer)
  }

  /// What another hub says.
  func received(_ payload: UnsafeRawBufferPointer) {
    switch RecoveryAsk.read(payload) {
    case .question(let question):
      let answer = SessionID(question.privateID).flatMap { takeHere($0, at: question.ordinal, user: question.user) }
      redis.post(
        "PUBLISH", RecoveryAsk.channel(of: question.asker), RecoveryAsk.answer(question.number, answer))
    case .answer(let number, let answer):
      guard questions[number] != nil else { return }
      answeredQuestions.insert(number)
      settle(number, answer)
    case nil: break
    }
  }

  private func takeHere(_ id: SessionID, at ordinal: UInt64, user: UUID) -> RecoveryAnswer? {
    if let session = live[id] {
      // The cut has not been noticed here yet.
      guard session.user == user else { return nil }
      session.socket.drop()
    }
    guard kept[id]?.session.user == user, let found = remove(id), found.deadline > loop.now, ordinal <= log.ordinal
    else { return nil }
    let session = found.session
    let later = session.isSettled(at: ordinal) ? nil : log.entries(after: ordinal)
    return session.positions(at: ordinal, later: later).map {
      RecoveryAnswer(socket: session.socket, positions: $0, names: session.names)
    }
  }

  // MARK: Of a hub that has died

  /// The record, how far Redis reaches, and whether it has all of that; the record only once.
  private static let takeScript = RedisScript(
    """
    local found = redis.call('HMGET', KEYS[1], ARGV[1], 'top', 'whole')
    redis.call('HDEL', KEYS[1], ARGV[1])
    return found
    """)

  private func takeFromRedis(_ id: SessionID, at offset: RecoveryOffset, user: UUID) async throws -> RecoveryAnswer? {
    let key = Self.key(of: offset.hub)
    guard let found = try await redis.run(Self.takeScript, keys: [key], Self.field(id)).array, found.count == 3,
      var session = found[0].bytes.flatMap({ RecoverableSession($0) }), session.user == user,
      let top = found[1].bytes.flatMap({ Self.words($0)?.first }), !found[2].isNull, offset.ordinal <= top
    else { return nil }
    if session.cutAt > 0 {
      let age = Timestamp.now().microseconds / 1000 - session.cutAt
      guard age < Int64(limits.window.milliseconds) else { return nil }
    }
    if session.rooms.contains(where: { $0.lastOrdinal == 0 }) {
      try await readRooms(of: &session, key)
    }
    var later: [DeliveryLog.Entry]?
    if !session.isSettled(at: offset.ordinal) {
      later = try await readLog(of: offset.hub, after: offset.ordinal, through: top)
    }
    return session.positions(at: offset.ordinal, later: later).map {
      RecoveryAnswer(socket: session.socket, positions: $0, names: session.names)
    }
  }

  private func readRooms(of session: inout RecoverableSession, _ key: String) async throws {
    let fields = session.rooms.map { Self.field($0.conversation) }
    let values = try await redis.send("HMGET", key, RedisArguments(fields)).array ?? []
    for (index, value) in values.enumerated() where index < session.rooms.count {
      // A record of a client that was away already says it itself.
      guard session.rooms[index].lastOrdinal == 0, let words = value.bytes.flatMap({ Self.words($0) }), words.count == 2
      else { continue }
      session.rooms[index].lastOrdinal = words[0]
      session.rooms[index].lastSeq = Int64(bitPattern: words[1])
    }
  }

  /// What the hub delivered after `ordinal`; nil unless all of it is there.
  private func readLog(
    of hub: String, after ordinal: UInt64, through top: UInt64
  ) async throws -> [DeliveryLog.Entry]? {
    var entries: [DeliveryLog.Entry] = []
    var reached = ordinal
    while reached < top {
      let page = try await redis.xrange(Self.logKey(of: hub), from: "\(reached + 1)-0", count: 256)
      if page.isEmpty { break }
      for entry in page {
        guard let batch = entry.fields.first.flatMap({ DeliveryLog.Batch($0.value) }), batch.previous <= reached,
          batch.last > reached
        else { return nil }
        entries += batch.entries.suffix(Int(batch.last - reached))
        reached = batch.last
      }
      guard entries.count <= 65_536 else { return nil }
    }
    return entries
  }

  private static func words(_ bytes: [UInt8]) -> [UInt64]? {
    guard bytes.count % 8 == 0 else { return nil }
    return stride(from: 0, to: bytes.count, by: 8).map { at in
      bytes[at..<at + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}
