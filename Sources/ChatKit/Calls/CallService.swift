import JSON
package import Networking
package import Postgres
package import Primitives

/// What clients do with calls. One a loop; see Call.swift.
package final class CallService: @unchecked Sendable {
  package struct Limits: Sendable {
    /// In a call, or rung by it, at once.
    package var participants = 32
    /// How long somebody is rung.
    package var ringTimeout = Duration.seconds(45)
    /// Of one signal's data, as JSON.
    package var signal = 64 << 10
    /// Calls on a page.
    package var page = 100

    package init() {}
  }

  package struct Counters: Sendable {
    package var changes = 0
    package var signals = 0
  }

  package let limits: Limits
  package private(set) var counters = Counters()
  package let loop: EventLoop
  let pool: PostgresPool
  private let publisher: OutboxPublisher
  private let emitter: RoomEmitter
  private let encoding: EventEncoding
  private var meter: SignalMeter

  package init(
    pool: PostgresPool, publisher: OutboxPublisher, emitter: RoomEmitter, loop: EventLoop,
    encoding: EventEncoding = .json, limits: Limits = Limits()
  ) {
    self.pool = pool
    self.publisher = publisher
    self.emitter = emitter
    self.encoding = encoding
    self.limits = limits
    self.loop = loop
    meter = SignalMeter { [loop] in loop.now }
  }

  // MARK: Changing

  /// Calls the other members of a conversation, or those of them that are named; where a call goes on already, comes into
  /// that one, and rings who is named. So what is repeated, or begun by two at once, is one call.
  /// Throws `ChatError` notFound, conversationArchived, blocked, invalidRequest (nobody to call, or too many), busy,
  /// conflict (full).
  package func invite(
    _ conversation: UUID, media: Call.Media, users: [UUID] = [], by user: UUID
  ) async throws -> (call: Call, isNew: Bool) {
    try await retrying { [self] transaction in
      let rows = try await transaction.query(
        """
        SELECT c.archived_at IS NOT NULL, c.blocked FROM conversations c JOIN participants p ON p.conversation_id = c.id
        WHERE c.id = $1 AND p.user_id = $2
        """, conversation, user)
      guard rows.count == 1 else { throw ChatError.noSuchConversation }
      if try rows[0].get(0, as: Bool.self) { throw ChatError.archived }
      if try rows[0].get(1, as: Bool.self) { throw ChatError.blocked }
      let live = try await transaction.query(
        "SELECT id FROM calls WHERE conversation_id = $1 AND state <> 'ended'", conversation)
      if let id = try live.first?.decode(UUID.self), let held = try await CallStore.lock(id, transaction) {
        // It ended while its lock was awaited: the next attempt begins another one.
        if held.call.state == .ended { throw Attempt.again }
        let (call, event) = try await join(held, ringing: users, by: user, transaction)
        return ((call, false), event)
      }
      let wanted = try await self.wanted(users, in: conversation, by: user, transaction)
      let occupied = try await CallStore.occupied(wanted + [user], besides: nil, transaction)
      if occupied.contains(user) { throw Self.busy }
      let time = try await transaction.query("SELECT clock_timestamp()")[0].decode(Timestamp.self)
      var held = CallStore.Held(
        Call.begin(.v7(), in: conversation, by: user, media: media, at: time), time, isNew: true)
      try await CallStore.insert(held.call, transaction)
      let event = try await change(
        &held,
        [
          .ring(
            wanted.filter { !occupied.contains($0) }, busy: wanted.filter(occupied.contains), until: ringsUntil(time))
        ],
        transaction)
      return ((held.call, true), event)
    }
  }

  private func ringsUntil(_ time: Timestamp) -> Timestamp { time + limits.ringTimeout }

  private func join(
    _ held: CallStore.Held, ringing users: [UUID], by user: UUID, _ transaction: PostgresTransaction
  ) async throws -> (Call, Event?) {
    var held = held
    var actions: [Call.Action] = [.accept(user)]
    let named = users.isEmpty ? [] : try await wanted(users, in: held.call.conversation, by: user, transaction)
    let occupied = try await CallStore.occupied(named + [user], besides: held.call.id, transaction)
    if occupied.contains(user) { throw Self.busy }
    if !named.isEmpty {
      actions.append(
        .ring(
          named.filter { !occupied.contains($0) }, busy: named.filter(occupied.contains), until: ringsUntil(held.time)))
    }
    let event = try await change(&held, actions, transaction)
    return (held.call, event)
  }

  /// Who is to be called: the named ones, else all other members. For those whom the caller blocks, or who block the caller,
  /// it does not ring, and nobody is told why.
  private func wanted(
    _ users: [UUID], in conversation: UUID, by user: UUID, _ transaction: PostgresTransaction
  ) async throws -> [UUID] {
    let most = limits.participants - 1
    let named = Set(users).subtracting([user])
    guard named.count <= most else {
      throw ChatError.invalid("userIds", "A call has at most \(most + 1) participants.")
    }
    let rows = try await transaction.query(
      Self.candidates, conversation, user, users.isEmpty, Array(named), Int64(most + 1))
    let found = try rows.column(0, as: UUID.self)
    guard named.isSubset(of: found) else {
      throw ChatError.invalid("userIds", "Only participants of the conversation can be called.")
    }
    guard !found.isEmpty else { throw ChatError.invalid("userIds", "There is nobody to call.") }
    guard found.count <= most else {
      throw ChatError.invalid("userIds", "The conversation has more members than a call: name at most \(most) of them.")
    }
    let reachable = try rows.filter { try $0.get(1, as: Bool.self) }.map { try $0.get(0, as: UUID.self) }
    guard !reachable.isEmpty else { throw ChatError.blocked }
    return reachable
  }

  private static let candidates = PostgresStatement(
    unchecked: """
      SELECT user_id, \(UserBlocks.none(between: "p.user_id", and: "$2")) FROM participants p
      WHERE conversation_id = $1 AND user_id <> $2 AND ($3 OR user_id = ANY ($4)) ORDER BY user_id LIMIT $5
      """)

  package enum Answer: Sendable {
    case accept, decline, hangUp
  }

  /// What a participant says to a call; to have said so already is no error.
  /// Throws `ChatError` notFound, busy, blocked, conflict (over, full, not invited, or in it).
  package func answer(_ answer: Answer, to id: UUID, by user: UUID) async throws -> Call {
    try await retrying { [self] transaction in
      guard var held = try await CallStore.lock(id, transaction),
        try await isMember(user, of: held.call.conversation, transaction)
      else { throw Self.noSuchCall }
      let action: Call.Action
      switch answer {
      case .accept:
        if try await isBlocked(held.call.conversation, transaction) { throw ChatError.blocked }
        if try await CallStore.occupied([user], besides: id, transaction).contains(user) { throw Self.busy }
        action = .accept(user)
      case .decline: action = .decline(user)
      case .hangUp: action = .hangUp(user)
      }
      let event = try await change(&held, [action], transaction)
      return (held.call, event)
    }
  }

  private func isMember(_ user: UUID, of conversation: UUID, _ client: some PostgresClient) async throws -> Bool {
    try await client.query(
      "SELECT 1 FROM participants WHERE conversation_id = $1 AND user_id = $2", conversation, user
    ).count == 1
  }

  private func isBlocked(_ conversation: UUID, _ client: some PostgresClient) async throws -> Bool {
    try await client.query("SELECT FROM conversations WHERE id = $1 AND blocked", conversation).count == 1
  }

  /// Applies actions to a call that is locked, and stores what comes of them, as one change.
  func change(
    _ held: inout CallStore.Held, _ actions: [Call.Action], _ transaction: PostgresTransaction
  ) async throws -> Event? {
    var changes: [Call.Change] = []
    do throws(Call.Refusal) {
      for action in actions { changes += try held.call.apply(action, at: held.time, most: limits.participants) }
    } catch {
      throw Self.error(error)
    }
    return try await CallStore.save(held, changes, transaction)
  }

  private enum Attempt: Error {
    case again
  }

  /// Runs a transaction, again where somebody else was faster, and publishes the event after the commit.
  private func retrying<Result>(
    _ body: (PostgresTransaction) async throws -> (Result, Event?)
  ) async throws -> Result {
    for _ in 0..<5 {
      do {
        let (result, event) = try await pool.transaction(body)
        if let event { publish([event]) }
        return result
      } catch Attempt.again {
        continue
      } catch let error as PostgresError where error.sqlState == .uniqueViolation {
        continue
      }
    }
    throw ChatError(.unavailable, "Too much happens to this call at once; try again.", retryAfter: 1)
  }

  func publish(_ events: [Event]) {
    counters.changes += events.count
    publisher.publish(events.map { $0.busEvent(as: encoding) })
  }

  // MARK: Reading

  /// The call that a user is in, or rung by.
  package func current(of user: UUID) async throws -> Call? {
    let rows = try await pool.query(
      """
      SELECT cp.call_id FROM call_participants cp JOIN calls c ON c.id = cp.call_id
      JOIN participants p ON p.conversation_id = c.conversation_id AND p.user_id = cp.user_id
      WHERE cp.user_id = $1 AND cp.state IN ('ringing', 'joined')
      """, user)
    return try await CallStore.read(try rows.column(0, as: UUID.self), pool).first
  }

  /// Throws `ChatError` notFound, also to who is no member of its conversation.
  package func call(_ id: UUID, for user: UUID) async throws -> Call {
    guard let call = try await CallStore.read([id], pool).first,
      try await isMember(user, of: call.conversation, pool)
    else { throw Self.noSuchCall }
    return call
  }

  /// A conversation's calls, the newest first, before `cursor`. Throws `ChatError` notFound.
  package func history(
    of conversation: UUID, for user: UUID, before cursor: UUID?, limit: Int
  ) async throws -> (calls: [Call], next: UUID?) {
    guard try await isMember(user, of: conversation, pool) else { throw ChatError.noSuchConversation }
    let rows = try await pool.query(
      """
      SELECT id FROM calls WHERE conversation_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
      """, conversation, cursor, Int64(limit + 1))
    let ids = try rows.column(0, as: UUID.self)
    return (try await CallStore.read(Array(ids.prefix(limit)), pool), ids.count > limit ? ids[limit - 1] : nil)
  }

  // MARK: Signals

  /// Hands what one participant says to another (a description of a session, a candidate) to the sockets of that one, and
  /// to nobody else. It is not kept.
  /// Throws `ChatError` notFound, blocked, forbidden (not in the call), conflict (the other one is not), tooLarge, rateLimited,
  /// unavailable.
  package func signal(_ data: [UInt8], to receiver: UUID, in id: UUID, from sender: UUID) async throws {
    guard data.count <= limits.signal else {
      throw ChatError(.tooLarge, "A signal has at most \(limits.signal) bytes.", field: "data")
    }
    guard meter.admits(sender) else {
      throw ChatError(.rateLimited, "Too many signals in a short time.", retryAfter: 1)
    }
    let rows = try await pool.query(
      """
      SELECT c.conversation_id, v.blocked, mine.state = 'joined', EXISTS (
        SELECT FROM call_participants theirs
        JOIN participants p ON p.conversation_id = c.conversation_id AND p.user_id = theirs.user_id
        WHERE theirs.call_id = c.id AND theirs.user_id = $3 AND theirs.state IN ('ringing', 'joined'))
      FROM calls c
      JOIN conversations v ON v.id = c.conversation_id
      JOIN participants p ON p.conversation_id = c.conversation_id AND p.user_id = $2
      LEFT JOIN call_participants mine ON mine.call_id = c.id AND mine.user_id = $2
      WHERE c.id = $1
      """, id, sender, receiver)
    guard rows.count == 1 else { throw Self.noSuchCall }
    let (conversation, isBlocked, isIn, isThere) = try rows[0].decode((UUID, Bool, Bool?, Bool).self)
    if isBlocked { throw ChatError.blocked }
    guard isIn == true else { throw ChatError(.forbidden, "Only who is in the call can signal; accept it first.") }
    guard isThere, receiver != sender else {
      throw ChatError(.conflict, "That user is not in the call.", field: "to")
    }
    counters.signals += 1
    try await emitter.emit([
      emitter.emission("call:signal", to: AdapterChannel.userRoom(receiver)) { json in
        json.beginObject()
        json.field("callId", id)
        json.field("conversationId", conversation)
        json.field("from", sender)
        json.field("to", receiver)
        json.key("data")
        json.raw(data)
        json.endObject()
      }
    ])
  }

  // MARK: Errors

  private static let noSuchCall = ChatError(
    .notFound, "There is no such call, or you are not a participant of its conversation.")

  private static let busy = ChatError(.busy, "You are in another call, or rung by one; hang up or decline first.")

  private static func error(_ refusal: Call.Refusal) -> ChatError {
    switch refusal {
    case .over: ChatError(.conflict, "The call is over.")
    case .full: ChatError(.conflict, "The call is full.")
    case .notInvited: ChatError(.conflict, "You are neither in the call nor rung by it.")
    case .joined: ChatError(.conflict, "You are in the call; hang up instead.")
    }
  }
}
