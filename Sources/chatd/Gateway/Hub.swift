import ChatKit
import JSON
import Logging
import MessagePack
import Networking
import Primitives
import Redis
import SocketIO

/// A loop's rooms: what Redis says to a room goes to the room's sockets on this loop.
///
/// The hub is subscribed to the channels of the rooms it has members in, and to no other. The entries of a conversation's
/// log (messages, edits, deletes, reactions) bear their seq; the hub delivers each once and in order, whatever the bus
/// does: what it has had is dropped, what comes too early waits, and what does not come is read from the store. A
/// conversation's seq has no gaps, so a gap here means an entry that is committed and on its way, or lost on it.
///
/// Redis forgets what it says while nobody listens. So when the subscription was broken, for whatever reason, the hub
/// compares all of its rooms with the store (`reconcile`): their newest seq, and whether the members still are.
///
/// One a loop; on that loop only.
final class Hub: @unchecked Sendable {
  let loop: EventLoop
  let store: MessageStore
  let limits: Limits
  /// Six alphanumerics; what bears them was said here and has been delivered here.
  let uid = RoomEmitter.makeUID()
  /// Nil where recovery is turned off.
  let recovery: Recovery?
  /// Whom the sockets here are told of.
  let presence: PresenceWatch
  /// That the users of the sockets here are there.
  let leases: PresenceLeases
  let typing: TypingWatch
  let watch: SessionWatch
  private let subscriber: RedisSubscriber
  private let redis: RedisClient
  private let log: Log
  var rooms: [String: Room] = [:]
  var isReconciling = false
  var mustReconcileAgain = false

  struct Limits: Sendable {
    /// Rooms a socket may be in, its own and its user's not counted.
    var rooms = 1000
    static let ownRooms = 2
    /// Messages that a join resends; more is a reset.
    var replay = 5000
    /// Messages read from the store at once.
    var page = 200
    /// Messages that wait for a gap to close.
    var held = 1024
    /// How long a message that came too early waits before the store is asked for its predecessors.
    var gap = Duration.milliseconds(25)
    /// Bytes queued for a socket above which a replay pauses.
    var replayBuffer = 256 << 10
  }

  struct Counters: Sendable {
    var delivered = 0
    var duplicates = 0
    var gaps = 0
    var reconciliations = 0
  }

  var counters = Counters()
  private let hops: HopMetrics

  init(
    loop: EventLoop, store: MessageStore, watch: SessionWatch, redis: RedisClient, subscriber: RedisSubscriber,
    log: Log,
    hops: HopMetrics, presence: PresenceWatch, leases: PresenceLeases, recovery recoveryLimits: Recovery.Limits,
    limits: Limits = Limits()
  ) {
    self.presence = presence
    self.leases = leases
    typing = TypingWatch(loop: loop)
    self.hops = hops
    self.loop = loop
    self.store = store
    self.watch = watch
    self.redis = redis
    self.subscriber = subscriber
    self.log = log
    self.limits = limits
    recovery =
      recoveryLimits.window > .zero ? Recovery(hub: uid, redis: redis, loop: loop, limits: recoveryLimits) : nil
    subscriber.onMessage = { [unowned self] channel, payload in received(channel, payload) }
    watch.onRevoked = { [unowned self] in expel(session: $0) }
    subscriber.onResubscribed = { [unowned self] _ in reconcile() }
    typing.onEnd = { [unowned self] room, typing in
      let event = RoomEvent(Typing.event) { typing.write(to: &$0) }
      if room.isVerifying { room.hold(event) } else { deliver(event, to: room) }
    }
  }

  /// Subscribes to what is said to all.
  /// Throws `RedisError`: a gateway that cannot hear does not start.
  func start() async throws {
    try await subscriber.subscribe(
      [AdapterChannel.all(), AdapterChannel.requests(), PresenceNews.channel] + (recovery.map { [$0.channel] } ?? []))
    recovery?.start()
  }

  var roomCount: Int { rooms.count }
  var roomNames: Dictionary<String, Room>.Keys { rooms.keys }

  // MARK: Sockets

  /// A socket is in a room of its own and its user's, which anybody can speak to. Nobody speaks to a session, so it costs
  /// no subscription; requests find its sockets all the same (`select`).
  func add(_ session: GatewaySession) async {
    let names = [session.socket.id, AdapterChannel.userRoom(session.user)]
    var fresh: [String] = []
    for name in names {
      let (room, isNew) = room(named: name, conversation: nil)
      room.insert(session)
      if isNew { fresh.append(AdapterChannel.room(name)) }
    }
    session.lease = leases.take(session.user)
    await subscribe(fresh)
    watch.connected(session)
  }

  /// - Parameter isKept: the client may come back and continue.
  func remove(_ session: GatewaySession, isKept: Bool = false) {
    session.isClosed = true
    recovery?.closed(session, isKept: isKept)
    watch.disconnected(session)
    presence.disconnected(session)
    if let lease = session.lease { leases.release(lease) }
    session.lease = nil
    while let place = session.places.last {
      place.room.remove(session)
      forgetIfEmpty(place.room)
    }
  }

  func room(named name: String, conversation: UUID?) -> (room: Room, isNew: Bool) {
    if let room = rooms[name] { return (room, false) }
    let room = Room(name: name, conversation: conversation)
    rooms[name] = room
    return (room, true)
  }

  func existingRoom(_ name: String) -> Room? { rooms[name] }

  func forgetIfEmpty(_ room: Room) {
    guard room.isEmpty, rooms[room.name] === room else { return }
    rooms[room.name] = nil
    presence.forgotten(room)
    if let conversation = room.conversation, room.lastOrdinal > 0 { recovery?.forget(conversation) }
    subscriber.unsubscribe([AdapterChannel.room(room.name)])
  }

  /// Returns when Redis has confirmed, or has not within its time: then as soon as it does, the rooms are compared with
  /// the store, for what was said before that was not heard.
  func subscribe(_ channels: [String]) async {
    guard !channels.isEmpty else { return }
    do {
      try await subscriber.subscribe(channels)
    } catch {
      loop.start { [self] in await confirmLate(channels) }
    }
  }

  private func confirmLate(_ channels: [String]) async {
    while true {
      // Rooms that have been left meanwhile are not subscribed to again.
      let wanted = channels.filter { channel in rooms.keys.contains { AdapterChannel.room($0) == channel } }
      guard !wanted.isEmpty else { return }
      do {
        try await subscriber.subscribe(wanted)
        return reconcile()
      } catch {
        if error.code == .closed { return }
        try? await loop.sleep(for: .milliseconds(100))
      }
    }
  }

  // MARK: What Redis says

  private func received(_ channel: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) {
    // A broadcast is an array of MessagePack, a request a map, or JSON.
    switch payload.first ?? 0 {
    case UInt8(ascii: "{"), 0x80...0x8f, 0xde, 0xdf: return requested(payload)
    case RecoveryAsk.mark:
      recovery?.received(payload)
      return
    case PresenceNews.mark: return presence.received(payload) { rooms[$0] }
    default: break
    }
    guard let message = AdapterMessage(payload), !message.isFrom(uid) else { return }
    guard message.isForRootNamespace else {
      if message.isNotice, let epoch = message.epoch, let room = message.rooms.first.flatMap({ rooms[$0] }) {
        noticed(epoch, in: room)
      }
      return
    }
    // The usual case: one room, nobody left out.
    if message.roomCount == 1, message.exceptCount == 0 {
      guard let room = rooms[message.firstRoom] else { return }
      if let epoch = message.epoch { noticed(epoch, in: room) }
      if let seq = message.seq, room.conversation != nil {
        receive(message, seq: seq, in: room)
      } else if let event = message.event() {
        deliver(event, to: room)
      }
      return
    }
    guard let event = message.event() else { return }
    broadcast(event, to: message.rooms, except: message.except)
  }

  private func deliver(_ event: RoomEvent, to room: Room) {
    // Whoever was removed must not have it, and who that is the store is being asked.
    if room.isVerifying { return room.hold(event) }
    typing.heard(event, in: room)
    room.deliver(event, offset: recovery?.offset ?? [])
    counters.delivered += room.members.count
  }

  /// To the members of any of the rooms (none: everybody) who are in none of `except`; each once.
  func broadcast(_ event: RoomEvent, to names: [String], except: [String]) {
    let selected = select(RoomRequest.Selection(rooms: names, except: except))
    guard !selected.isEmpty else { return }
    var packets = PacketSet(event, offset: recovery?.offset)
    for member in selected { member.socket.send(packets.packet(for: member)) }
    counters.delivered += selected.count
  }

  /// The sockets in any of the rooms (none: all) that are in none of `except`, each once.
  func select(_ selection: RoomRequest.Selection) -> [GatewaySession] {
    var left = Set<ObjectIdentifier>()
    for name in selection.except { for member in members(of: name) { left.insert(ObjectIdentifier(member)) } }
    var selected: [GatewaySession] = []
    let targets =
      selection.rooms.isEmpty ? rooms.values.map(\.members) : selection.rooms.map { members(of: $0) }
    for members in targets {
      for member in members where left.insert(ObjectIdentifier(member)).inserted { selected.append(member) }
    }
    return selected
  }

  private func members(of name: String) -> ContiguousArray<GatewaySession> {
    if let room = rooms[name] { return room.members }
    guard let session = AdapterChannel.session(ofRoom: name) else { return [] }
    return sockets(of: session)
  }

  /// The sockets of a login, by looking at all: sessions end rarely.
  func sockets(of session: UUID) -> ContiguousArray<GatewaySession> {
    var found: ContiguousArray<GatewaySession> = []
    for room in rooms.values where room.conversation == nil {
      for member in room.members where member.session == session && member.socket.id == room.name {
        found.append(member)
      }
    }
    return found
  }

  // MARK: A conversation's order

  private func receive(_ message: AdapterMessage, seq: Int64, in room: Room) {
    room.highestSeen = max(room.highestSeen, seq)
    guard let last = room.lastSeq else {
      // The first join asks the store right now; see `settle`.
      if room.held.count < limits.held, let event = message.event() { room.held[seq] = event }
      return
    }
    if seq <= last {
      counters.duplicates += 1
      return
    }
    guard let event = message.event() else { return }
    if seq == last + 1, !room.isVerifying {
      advance(room, event)
      measure(message, seq, room)
      if !room.held.isEmpty { drain(room) }
      return
    }
    if room.held.count < limits.held { room.held[seq] = event }
    guard !room.isVerifying else { return }
    counters.gaps += 1
    fillLater(room)
  }

  /// How long its last hop took, and its whole way; for what came in its turn.
  private func measure(_ message: AdapterMessage, _ seq: Int64, _ room: Room) {
    guard let emitted = message.emitted, !room.members.isEmpty else { return }
    let now = Timestamp.now()
    HopMetrics.observe(hops.deliver, Timestamp(microseconds: emitted), now)
    if let received = message.received { HopMetrics.observe(hops.total, Timestamp(microseconds: received), now) }
    remember(seq, in: room, consumed: Timestamp(microseconds: emitted), at: now)
    log.debug(
      "message delivered",
      [
        "conversation_id": .string(room.name), "seq": .integer(seq), "receivers": .count(room.members.count),
        "trace_id": .string(message.trace?.traceID ?? ""),
      ])
  }

  /// For who asks later how a message came to its receivers.
  private func remember(_ seq: Int64, in room: Room, consumed: Timestamp?, at now: Timestamp) {
    guard let conversation = room.conversation, !room.members.isEmpty else { return }
    hops.recent.add(
      RecentHops.Delivery(
        conversation: conversation, seq: seq, consumed: consumed, delivered: now, receivers: room.members.count))
  }

  /// Delivers the next message of a room to its members, and lays it by for those who are joining.
  private func advance(_ room: Room, _ event: RoomEvent) {
    let seq = (room.lastSeq ?? 0) + 1
    room.lastSeq = seq
    if let recovery, let conversation = room.conversation {
      room.lastOrdinal = recovery.delivered(seq, in: conversation)
    }
    room.deliver(event, offset: recovery?.offset ?? [])
    counters.delivered += room.members.count
    for join in room.joins { join.hold(event) }
  }

  private func drain(_ room: Room) {
    guard !room.isVerifying else { return }
    while let last = room.lastSeq, let event = room.held.removeValue(forKey: last + 1) {
      advance(room, event)
      remember(last + 1, in: room, consumed: nil, at: .now())
    }
    guard let last = room.lastSeq, !room.held.isEmpty else { return }
    room.held = room.held.filter { $0.key > last }
  }

  /// The store's answer to a room's first join: everything up to `seq` is history.
  func settle(_ room: Room, at position: MessageStore.Position) {
    guard room.lastSeq == nil else { return }
    room.lastSeq = position.lastSeq
    room.highestSeen = max(room.highestSeen, position.lastSeq)
    room.epoch = max(room.epoch, position.epoch)
    proceed(room)
    if room.highestEpoch > room.epoch { noticed(room.highestEpoch, in: room) }
  }

  /// Delivers what is held and has its turn, and sees to what is missing.
  private func proceed(_ room: Room) {
    drain(room)
    if !room.isVerifying, let last = room.lastSeq, room.highestSeen > last { fillLater(room) }
  }

  /// Two publishers can overtake each other by a moment: waits for that, then reads what is missing.
  private func fillLater(_ room: Room) {
    guard !room.isFilling else { return }
    room.isFilling = true
    loop.schedule(after: limits.gap) { [self] in
      loop.start { [self] in
        room.isFilling = false
        await fill(room, through: room.highestSeen)
      }
    }
  }

  /// Reads from the store what the room has not had up to `seq`, and delivers it. Repeats until it succeeds or nobody
  /// is left to have it.
  func fill(_ room: Room, through seq: Int64) async {
    guard let conversation = room.conversation, !room.isFilling else { return }
    room.isFilling = true
    defer { room.isFilling = false }
    room.highestSeen = max(room.highestSeen, seq)
    var failures = 0
    while !room.isEmpty, let last = room.lastSeq, last < room.highestSeen {
      do {
        let page = try await store.entries(
          of: conversation, after: last, through: room.highestSeen, limit: limits.page)
        // Asked after the page was read: a removal before any of its messages is seen now.
        if let epoch = try await store.epoch(of: conversation) { noticed(epoch, in: room) }
        while room.isVerifying { try await loop.sleep(for: .milliseconds(2)) }
        for entry in page where entry.seq == (room.lastSeq ?? 0) + 1 {
          advance(room, .entry(entry))
          remember(entry.seq, in: room, consumed: nil, at: .now())
        }
        drain(room)
        if page.isEmpty, room.lastSeq == last {
          log.error(
            "an entry that was announced is not in the store",
            ["conversation_id": .string(room.name), "seq": .integer(last + 1)])
          return
        }
        failures = 0
      } catch {
        failures += 1
        try? await loop.sleep(for: .milliseconds(min(1000, 20 << min(failures, 6))))
      }
    }
  }

  /// Returns when the room has had `seq`, which is in the store, whoever reads it; or has lost its members.
  func reach(_ seq: Int64, in room: Room) async {
    while !room.isEmpty, let last = room.lastSeq, last < seq {
      if room.isFilling {
        room.highestSeen = max(room.highestSeen, seq)
        try? await loop.sleep(for: .milliseconds(2))
      } else {
        await fill(room, through: seq)
        if room.lastSeq == last { return }
      }
    }
  }

  // MARK: Who is in it

  /// Somebody was removed in `epoch`, or earlier: before anything more is delivered, the store says who is left.
  /// Messages bear the epoch of their commit, so none of a later one passes, whichever way it came faster.
  func noticed(_ epoch: Int64, in room: Room) {
    guard room.conversation != nil else { return }
    room.highestEpoch = max(room.highestEpoch, epoch)
    // A room that nobody has settled yet has no members; its first join asks the store anyway.
    guard room.highestEpoch > room.epoch, room.lastSeq != nil, !room.isVerifying else { return }
    room.isVerifying = true
    loop.start { [self] in
      var failures = 0
      while !room.isEmpty, room.epoch < room.highestEpoch {
        let target = room.highestEpoch
        do {
          try await expelStrangers([room])
          room.epoch = max(room.epoch, target)
          failures = 0
        } catch {
          failures += 1
          try? await loop.sleep(for: .milliseconds(min(1000, 20 << min(failures, 6))))
        }
      }
      room.isVerifying = false
      for (event, except) in room.takeWaiting() { deliver(event, to: room, except: except) }
      proceed(room)
    }
  }

  // MARK: Saying something from here

  func publish(_ bytes: [UInt8], on channel: String) { redis.post("PUBLISH", channel, bytes) }

  /// To the room's members here at once and elsewhere through Redis; not to `except`. Lost if Redis is away: for what
  /// is only true now, as typing is.
  func say(_ event: String, to room: String, except: GatewaySession, _ argument: (inout JSONWriter) -> Void) {
    let local = rooms[room]
    if let local {
      let event = RoomEvent(event, argument)
      if local.isVerifying { local.hold(event, except: except) } else { deliver(event, to: local, except: except) }
    }
    redis.post(
      "PUBLISH", AdapterChannel.room(room),
      AdapterBroadcast.encode(uid: uid, event: event, rooms: [room], epoch: local?.highestEpoch, argument))
  }

  private func deliver(_ event: RoomEvent, to room: Room, except: GatewaySession?) {
    guard let except else { return deliver(event, to: room) }
    typing.heard(event, in: room)
    var packets = PacketSet(event, offset: nil)
    for member in room.members where member !== except { member.socket.send(packets.packet(for: member)) }
  }
}
