import ChatKit
import JSON
import Networking
import Primitives
import Redis
import SocketIO

/// Socket.IO's connection state recovery, one hub's part: what its clients have had, written down so that this hub or
/// any other can continue them. docs/RECOVERY.md has the flow, the proof and what is not recovered.
///
/// Everything that is written goes out once a tick, as one HSET (and one XADD) on one connection. So Redis always holds
/// a prefix of what happened here, `top` says how far it reaches, and an offset beyond it is refused. When the
/// connection is made anew everything is written again, for Redis may have come back with less.
///
/// On the loop only.
final class Recovery: @unchecked Sendable {
  struct Limits: Sendable {
    /// How long a client may be away; zero offers no recovery.
    var window: Duration
    /// Sessions of clients that are away, on one loop; beyond it the oldest are forgotten.
    var kept = 20_000
    /// Conversations of a session; with more it is not recovered.
    var rooms = 200
    /// Messages that a recovery sends; a client that has missed more reads the history instead.
    var missed = 1000
    /// Their bytes.
    var missedBytes = 1 << 20
    /// How long the hub that a client was on may take to answer.
    var answer = Duration.seconds(1)
    /// Deliveries that a hub writes again for Redis when that has lost them.
    var rewrittenDeliveries = 4096
    /// Questions to other hubs that wait at once.
    var questions = 10_000
  }

  let hub: String
  let loop: EventLoop
  let redis: RedisClient
  let limits: Limits

  var log = DeliveryLog()
  private var offsetText: (ordinal: UInt64, bytes: [UInt8]) = (.max, [])
  /// Sockets that are connected.
  private(set) var live: [SessionID: GatewaySession] = [:]
  /// Clients that are away, and the order in which they are forgotten.
  private(set) var kept: [SessionID: Kept] = [:]
  private var expiries: [(deadline: UInt64, id: SessionID)] = []
  private var expired = 0

  private var changedSessions: [ObjectIdentifier: GatewaySession] = [:]
  private var removedSessions: Set<SessionID> = []
  private var forgottenRooms: Set<UUID> = []
  private var isFlushScheduled = false
  /// Redis does not have it all: nothing is written until everything is written again.
  private(set) var isStale = true
  private var isClosed = false
  private lazy var timer = loop.timer { [unowned self] in refresh() }

  /// When the connection to Redis was made.
  private var redisSince: UInt64 = 0
  /// How long all hubs may take to be back at a Redis that has come back.
  static let settlingTime = Duration.seconds(3)

  /// Whether Redis is away, or has come back just now.
  var isRedisSettling: Bool {
    !redis.isConnected || redisSince > 0 && loop.now &- redisSince < Self.settlingTime.nanoseconds
  }

  /// Questions to other hubs, by number.
  var questions: [UInt64: UnsafeContinuation<RecoveryAnswer?, Never>] = [:]
  var nextQuestion: UInt64 = 1
  /// Questions that have been answered, if with no, and whose askers have yet to learn of it.
  var answeredQuestions: Set<UInt64> = []

  struct Kept {
    var session: RecoverableSession
    var deadline: UInt64
  }

  init(hub: String, redis: RedisClient, loop: EventLoop, limits: Limits) {
    self.hub = hub
    self.redis = redis
    self.loop = loop
    self.limits = limits
  }

  /// Where other hubs ask this one.
  var channel: String { RecoveryAsk.channel(of: hub) }

  func start() {
    let before = redis.onConnect
    redis.onConnect = { [unowned self] server, generation in
      before?(server, generation)
      // A process that has just begun has no reason to think that others are away.
      if generation > 1 { redisSince = loop.now }
      rewrite()
    }
    if redis.isConnected { rewrite() }
    timer.arm(after: refreshInterval)
  }

  /// Writes what is not written yet, and waits until Redis has it.
  func close() async {
    isClosed = true
    timer.cancel()
    flush()
    _ = try? await redis.ping()
    redis.onConnect = nil
  }

  // MARK: Offsets

  /// The offset as of now, for events that have no place of their own.
  var offset: [UInt8] {
    if offsetText.ordinal != log.ordinal {
      offsetText = (log.ordinal, Array(RecoveryOffset(hub: hub, ordinal: log.ordinal).text.utf8))
    }
    return offsetText.bytes
  }

  /// A message is about to be delivered; returns its ordinal.
  func delivered(_ seq: Int64, in conversation: UUID) -> UInt64 {
    scheduleFlush()
    if !forgottenRooms.isEmpty { forgottenRooms.remove(conversation) }
    return log.append(conversation, seq: seq)
  }

  /// A conversation's room has no members here any more.
  func forget(_ conversation: UUID) {
    forgottenRooms.insert(conversation)
    scheduleFlush()
  }

  // MARK: Sessions

  /// A socket begins; it is written down when it is in its first room.
  func admit(_ session: GatewaySession) {
    if let id = session.privateID { live[id] = session }
  }

  /// The socket has joined `room` and been sent what it lacked: tells it where it stands, before the join's answer.
  func joined(_ session: GatewaySession, _ room: Room) {
    guard session.isRecoverable else { return }
    settle(session, [room])
  }

  /// A recovered socket is in all of its rooms.
  func restored(_ session: GatewaySession) { settle(session, session.places.map(\.room)) }

  private func settle(_ session: GatewaySession, _ rooms: [Room]) {
    let ordinal = log.mark()
    for room in rooms {
      guard let place = session.place(in: room) else { continue }
      session.places[place].joined = ordinal
      session.places[place].joinedSeq = room.lastSeq ?? 0
    }
    changed(session)
    let text = offset
    session.socket.emit("offset") { json in text.withUnsafeBytes { json.value(utf8: $0) } }
  }

  /// The rooms of a socket have changed.
  func changed(_ session: GatewaySession) {
    guard session.isRecoverable, !session.isClosed else { return }
    changedSessions[ObjectIdentifier(session)] = session
    scheduleFlush()
  }

  /// What the client has of a room is uncertain until `resume`.
  func suspend(_ session: GatewaySession) {
    guard let id = session.privateID else { return }
    session.rejoins += 1
    removedSessions.insert(id)
    scheduleFlush()
  }

  func resume(_ session: GatewaySession) {
    guard session.isRecoverable else { return }
    session.rejoins -= 1
    changed(session)
  }

  /// The socket is gone. Called while it is still in its rooms.
  func closed(_ session: GatewaySession, isKept: Bool) {
    guard let id = session.privateID, live[id] === session else { return }
    live[id] = nil
    changedSessions[ObjectIdentifier(session)] = nil
    scheduleFlush()
    guard isKept, session.rejoins == 0, var record = record(of: session) else {
      removedSessions.insert(id)
      return
    }
    record.cutAt = Timestamp.now().microseconds / 1000
    keep(id, record)
  }

  private func keep(_ id: SessionID, _ record: RecoverableSession) {
    let deadline = loop.now &+ limits.window.nanoseconds
    kept[id] = Kept(session: record, deadline: deadline)
    keptNews.insert(id)
    expiries.append((deadline, id))
    forgetExpired()
  }

  /// Clients that are away and whose record Redis does not have yet.
  private var keptNews: Set<SessionID> = []

  /// Takes the session out: it continues elsewhere, or not at all.
  func remove(_ id: SessionID) -> Kept? {
    guard let found = kept.removeValue(forKey: id) else { return nil }
    keptNews.remove(id)
    removedSessions.insert(id)
    scheduleFlush()
    return found
  }

  private func forgetExpired() {
    while expired < expiries.count, kept.count > limits.kept || expiries[expired].deadline <= loop.now {
      let (deadline, id) = expiries[expired]
      expired += 1
      if kept[id]?.deadline == deadline { _ = remove(id) }
    }
    if expired > 1024, expired * 2 > expiries.count {
      expiries.removeFirst(expired)
      expired = 0
    }
  }

  /// Nil where there are too many rooms, or none.
  private func record(of session: GatewaySession) -> RecoverableSession? {
    guard session.places.count <= limits.rooms + Hub.Limits.ownRooms else { return nil }
    var rooms: [RecoverableSession.Room] = []
    var names: [String] = []
    let own = session.socket.id
    let user = AdapterChannel.userRoom(session.user)
    for place in session.places {
      if let conversation = place.room.conversation {
        // A join that is not answered yet is none.
        guard place.joined > 0 else { continue }
        rooms.append(
          RecoverableSession.Room(
            conversation: conversation, joined: place.joined, joinedSeq: place.joinedSeq,
            lastOrdinal: place.room.lastOrdinal, lastSeq: place.room.lastSeq ?? 0))
      } else if place.room.name != own, place.room.name != user {
        names.append(place.room.name)
      }
    }
    return RecoverableSession(socket: own, user: session.user, rooms: rooms, names: names)
  }

  // MARK: Writing it down

  var key: String { Self.key(of: hub) }
  static func key(of hub: String) -> String { "chatd:recovery:\(hub)" }
  static func logKey(of hub: String) -> String { "chatd:recovery:\(hub):log" }

  static func field(_ id: SessionID) -> [UInt8] { Array("s\(id)".utf8) }

  static func field(_ conversation: UUID) -> [UInt8] {
    Array(unsafeUninitializedCapacity: 17) { bytes, count in
      bytes[0] = UInt8(ascii: "r")
      withUnsafeBytes(of: (conversation.high.bigEndian, conversation.low.bigEndian)) { words in
        UnsafeMutableRawPointer(bytes.baseAddress! + 1).copyMemory(from: words.baseAddress!, byteCount: 16)
      }
      count = 17
    }
  }

  static let topField = Array("top".utf8)
  /// Present where everything was written since the hash was made: who finds none trusts nothing in it.
  static let wholeField = Array("whole".utf8)

  private func scheduleFlush() {
    guard !isFlushScheduled else { return }
    isFlushScheduled = true
    loop.atTickEnd { [self] in
      isFlushScheduled = false
      flush()
    }
  }

  private func flush() {
    defer {
      changedSessions.removeAll(keepingCapacity: true)
      keptNews.removeAll(keepingCapacity: true)
      removedSessions.removeAll(keepingCapacity: true)
      forgottenRooms.removeAll(keepingCapacity: true)
    }
    guard !isStale, redis.isConnected else {
      isStale = true
      return
    }
    var fields: [[UInt8]] = []
    var removed: [[UInt8]] = []
    if log.hasNews {
      let batch = log.takeBatch()
      guard post(batch) else { return }
      appendRooms(of: batch, to: &fields)
    }
    for session in changedSessions.values {
      guard let id = session.privateID else { continue }
      if session.rejoins == 0, var record = record(of: session), !record.rooms.isEmpty || !record.names.isEmpty {
        for index in record.rooms.indices { (record.rooms[index].lastOrdinal, record.rooms[index].lastSeq) = (0, 0) }
        removedSessions.remove(id)
        fields.append(Self.field(id))
        fields.append(record.bytes)
      } else {
        removedSessions.insert(id)
      }
    }
    for id in keptNews {
      guard let kept = kept[id] else { continue }
      fields.append(Self.field(id))
      fields.append(kept.session.bytes)
    }
    for id in removedSessions { removed.append(Self.field(id)) }
    for conversation in forgottenRooms { removed.append(Self.field(conversation)) }
    var isPosted = true
    if !fields.isEmpty {
      fields.append(Self.topField)
      fields.append(Self.word(log.ordinal))
      isPosted = redis.post("HSET", key, RedisArguments(fields))
    }
    if isPosted, !removed.isEmpty { isPosted = redis.post("HDEL", key, RedisArguments(removed)) }
    if !isPosted { isStale = true }
  }

  private func post(_ batch: DeliveryLog.Batch) -> Bool {
    let lowest = batch.last > 16_384 ? batch.last - 16_384 : 0
    let isPosted = redis.post(
      "XADD", Self.logKey(of: hub), "MINID", "~", "\(lowest)-0", "\(batch.last)-0", "b", batch.bytes)
    if !isPosted { isStale = true }
    return isPosted
  }

  private func appendRooms(of batch: DeliveryLog.Batch, to fields: inout [[UInt8]]) {
    var newest: [UUID: (ordinal: UInt64, seq: Int64)] = [:]
    for (index, entry) in batch.entries.enumerated() where entry.seq > 0 {
      newest[entry.conversation] = (batch.previous + UInt64(index) + 1, entry.seq)
    }
    for (conversation, last) in newest {
      fields.append(Self.field(conversation))
      fields.append(Self.word(last.ordinal) + Self.word(UInt64(bitPattern: last.seq)))
    }
  }

  static func word(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }

  /// Redis may have less than it had: everything again, `whole` last.
  private func rewrite() {
    guard redis.isConnected, !isClosed else { return }
    isStale = false
    var isPosted = redis.post("DEL", key, Self.logKey(of: hub))
    let batch = log.retake(limits.rewrittenDeliveries)
    if isPosted, !batch.entries.isEmpty { isPosted = post(batch) }
    var fields: [[UInt8]] = []
    func send(_ count: Int) {
      guard fields.count >= count, isPosted else { return }
      isPosted = redis.post("HSET", key, RedisArguments(fields))
      fields.removeAll(keepingCapacity: true)
    }
    var rooms: [UUID: Room] = [:]
    for (id, session) in live {
      for place in session.places { if let id = place.room.conversation { rooms[id] = place.room } }
      guard session.rejoins == 0, var record = record(of: session), !record.rooms.isEmpty || !record.names.isEmpty
      else { continue }
      for index in record.rooms.indices { (record.rooms[index].lastOrdinal, record.rooms[index].lastSeq) = (0, 0) }
      fields.append(Self.field(id))
      fields.append(record.bytes)
      send(1000)
    }
    for (id, kept) in kept {
      fields.append(Self.field(id))
      fields.append(kept.session.bytes)
      send(1000)
    }
    for (conversation, room) in rooms where room.lastOrdinal > 0 {
      fields.append(Self.field(conversation))
      fields.append(Self.word(room.lastOrdinal) + Self.word(UInt64(bitPattern: room.lastSeq ?? 0)))
      send(1000)
    }
    fields += [Self.topField, Self.word(log.ordinal), Self.wholeField, [1]]
    send(1)
    let life = (limits.window + refreshInterval * 3).milliseconds
    if isPosted { isPosted = redis.post("PEXPIRE", key, life) && redis.post("PEXPIRE", Self.logKey(of: hub), life) }
    if !isPosted { isStale = true }
  }

  private var refreshInterval: Duration { min(.seconds(10), limits.window / 4) }

  /// What a hub has written outlives it by the window. Where it is gone, though nobody has restarted Redis, all is
  /// written again.
  private func refresh() {
    timer.arm(after: refreshInterval)
    forgetExpired()
    guard redis.isConnected else { return }
    if isStale { return rewrite() }
    loop.start { [self] in
      let life = (limits.window + refreshInterval * 3).milliseconds
      guard
        let replies = try? await redis.pipeline([
          RedisCommand("HGET", key, Self.wholeField), RedisCommand("PEXPIRE", key, life),
          RedisCommand("PEXPIRE", Self.logKey(of: hub), life),
        ])
      else { return }
      if replies[0].isNull { rewrite() }
    }
  }
}
