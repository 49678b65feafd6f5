import ChatKit
import Logging
import Networking
import Primitives
import SocketIO

/// Whom a loop's sockets are told of: the members of the conversations that they have joined, up to a size, and users that
/// they have asked for one by one.
///
/// Members are read once for each room of the loop, not for each socket; what gathers while the store answers is one
/// statement. Edges that come meanwhile are kept and told when the members are known: who has joined is told of everything
/// from the join's answer on. What was before it, a client asks for (`presence:subscribe`, GET …/presence).
///
/// Edges may come again, and late: a user's version says which is newer. Pub/sub forgets what nobody hears, so after a
/// broken subscription all is compared with the table `presence`, in which every edge is recorded before it is published.
///
/// One a loop; on that loop only.
final class PresenceWatch: @unchecked Sendable {
  /// A room that somebody here has joined.
  private struct Entry {
    let room: Room
    /// Who is watched for it: nobody while the store has not answered, nor in a room that is too large, nor in one with a
    /// single member.
    var members: [UUID] = []
    /// The store has answered.
    var isKnown = false
  }

  /// A user whom somebody here watches.
  private final class Watched {
    /// Of the last edge that was told.
    var version: Int64 = 0
    /// What happened before this was known to whoever began to watch; a version. Well before it, for clocks differ.
    let since = Timestamp.now().microseconds - 30_000_000
    var rooms: ContiguousArray<Room> = []
    var sessions: ContiguousArray<GatewaySession> = []
    /// Who is not told, though they are in a room with the user: one of the two blocks the other.
    var hidden: Set<UUID> = []

    var isEmpty: Bool { rooms.isEmpty && sessions.isEmpty }
  }

  private static let roomsOfAQuery = 50
  private static let usersOfAQuery = 1000
  private static let heldLimit = 20_000
  /// How often it is checked that who has subscribed may still see whom.
  private static let checkInterval = Duration.seconds(60)

  private let service: PresenceService
  private let loop: EventLoop
  private let log: Log
  private let maxSubscriptions: Int
  private var users: [UUID: Watched] = [:]
  private var entries: [ObjectIdentifier: Entry] = [:]
  /// Sockets that have subscribed to users, and to whom.
  private var subscriptions: [ObjectIdentifier: (session: GatewaySession, users: Set<UUID>)] = [:]
  /// Rooms whose members are to be read, and edges since they have been waiting.
  private var waiting: [Room] = []
  private var heldForWaiting: [PresenceEdge] = []
  private var heldForLoading: [PresenceEdge] = []
  private var isLoading = false
  private var isReconciling = false
  private var mustReconcileAgain = false
  private var mustCheckAll = false
  private var toCheck = Set<ObjectIdentifier>()
  private var isChecking = false
  private var isClosed = false
  private lazy var timer = loop.timer { [unowned self] in
    mustCheckAll = true
    check()
  }

  struct Counters: Sendable {
    var edges = 0
    var told = 0
  }

  private(set) var counters = Counters()
  var userCount: Int { users.count }

  init(service: PresenceService, loop: EventLoop, log: Log, maxSubscriptions: Int) {
    self.service = service
    self.loop = loop
    self.log = log
    self.maxSubscriptions = maxSubscriptions
  }

  func close() {
    isClosed = true
    timer.cancel()
  }

  // MARK: Rooms

  /// A socket is in the room now.
  func joined(_ room: Room) {
    guard room.conversation != nil, entries[ObjectIdentifier(room)] == nil else { return }
    entries[ObjectIdentifier(room)] = Entry(room: room)
    waiting.append(room)
    load()
  }

  /// The hub has forgotten the room.
  func forgotten(_ room: Room) {
    guard let entry = entries.removeValue(forKey: ObjectIdentifier(room)) else { return }
    unlink(room, from: entry.members)
    if !entry.isKnown { waiting.removeAll { $0 === room } }
  }

  private func unlink(_ room: Room, from list: some Sequence<UUID>) {
    for user in list {
      guard let watched = users[user] else { continue }
      watched.rooms.removeAll { $0 === room }
      if watched.isEmpty { users[user] = nil }
    }
  }

  private func load() {
    guard !isLoading, !isClosed else { return }
    isLoading = true
    loop.start { [self] in
      var failures = 0
      while !waiting.isEmpty, !isClosed {
        let batch = Array(waiting.prefix(Self.roomsOfAQuery))
        waiting.removeFirst(batch.count)
        heldForLoading += heldForWaiting
        if waiting.isEmpty { heldForWaiting = [] }
        do {
          let found = try await service.members(of: batch.compactMap(\.conversation))
          let everybody = Set(found.values.lazy.compactMap { $0 }.joined())
          let hidden = try await service.hidden(from: everybody)
          var fresh: [ObjectIdentifier: Set<UUID>] = [:]
          for room in batch { fresh[ObjectIdentifier(room)] = settle(room, found) }
          for user in everybody { users[user]?.hidden = hidden[user] ?? [] }
          let held = heldForLoading
          heldForLoading = []
          for edge in held { tell(edge, fresh) }
          failures = 0
        } catch {
          waiting = batch.filter { entries[ObjectIdentifier($0)] != nil } + waiting
          heldForWaiting = heldForLoading
          heldForLoading = []
          failures += 1
          if failures == 1 { log.warning("members cannot be read for presence", ["error": .describing(error)]) }
          try? await loop.sleep(for: .milliseconds(min(1000, 20 << min(failures, 6))))
        }
      }
      isLoading = false
    }
  }

  /// Watches the room's members as the store has them; the answer is who is new among them.
  private func settle(_ room: Room, _ found: [UUID: [UUID]?]) -> Set<UUID> {
    guard let conversation = room.conversation, let entry = entries[ObjectIdentifier(room)] else { return [] }
    var list = found[conversation].flatMap { $0 } ?? []
    // Nobody is told of themselves.
    if list.count == 1 { list = [] }
    let fresh = Set(list).subtracting(entry.members)
    for user in fresh { watched(user).rooms.append(room) }
    unlink(room, from: Set(entry.members).subtracting(list))
    entries[ObjectIdentifier(room)] = Entry(room: room, members: list, isKnown: true)
    return fresh
  }

  private func watched(_ user: UUID) -> Watched {
    if let watched = users[user] { return watched }
    let watched = Watched()
    users[user] = watched
    return watched
  }

  // MARK: Subscriptions

  /// Tells a socket of users from now on, as far as its user may see them, and answers how they are.
  /// Throws `ChatError` invalidRequest, overloaded.
  func subscribe(_ session: GatewaySession, to wanted: [UUID]) async throws -> [PresenceStatus] {
    guard (1...service.limits.batch).contains(wanted.count) else {
      throw ChatError.invalid("userIds", "Name 1 to \(service.limits.batch) users.")
    }
    let visible = try await service.visible(Array(Set(wanted)), to: session.user)
    if session.isClosed { throw CancellationError() }
    let key = ObjectIdentifier(session)
    var mine = subscriptions[key]?.users ?? []
    guard mine.union(visible).count <= maxSubscriptions else {
      throw ChatError(.overloaded, "A socket can subscribe to \(maxSubscriptions) users at once.")
    }
    for user in visible where mine.insert(user).inserted { watched(user).sessions.append(session) }
    if !mine.isEmpty { subscriptions[key] = (session, mine) }
    if !timer.isArmed { timer.arm(after: Self.checkInterval) }
    // Asked after edges come to this socket: nothing is between the two.
    return try await service.statuses(of: visible.sorted())
  }

  /// The members of a conversation; what changes after the answer the socket is told of, if it has joined.
  /// Throws `ChatError` notFound.
  func conversation(_ id: UUID, for viewer: UUID) async throws -> PresenceService.Conversation {
    try await service.conversation(id, for: viewer)
  }

  /// - Parameter unwanted: nil for all.
  func unsubscribe(_ session: GatewaySession, from unwanted: [UUID]?) {
    let key = ObjectIdentifier(session)
    guard var mine = subscriptions[key]?.users else { return }
    for user in unwanted ?? Array(mine) where mine.remove(user) != nil {
      guard let watched = users[user] else { continue }
      watched.sessions.removeAll { $0 === session }
      if watched.isEmpty { users[user] = nil }
    }
    subscriptions[key] = mine.isEmpty ? nil : (session, mine)
  }

  /// The socket is gone.
  func disconnected(_ session: GatewaySession) {
    guard !subscriptions.isEmpty else { return }
    unsubscribe(session, from: nil)
  }

  /// Asks the store whether those who have subscribed may still see whom.
  private func check() {
    guard !isChecking, !isClosed else { return }
    isChecking = true
    loop.start { [self] in
      while !isClosed, mustCheckAll || !toCheck.isEmpty {
        if mustCheckAll {
          mustCheckAll = false
          toCheck.formUnion(subscriptions.keys)
        }
        do {
          try await checkSome()
        } catch {
          try? await loop.sleep(for: .seconds(1))
        }
      }
      isChecking = false
      if !subscriptions.isEmpty { timer.arm(after: Self.checkInterval) }
    }
  }

  private func checkSome() async throws {
    var pairs: [(viewer: UUID, user: UUID)] = []
    var keys: [ObjectIdentifier] = []
    while pairs.count < Self.usersOfAQuery, let key = toCheck.popFirst() {
      guard let (session, wanted) = subscriptions[key] else { continue }
      keys.append(key)
      for user in wanted { pairs.append((session.user, user)) }
    }
    do {
      var visible: [UUID: Set<UUID>] = [:]
      for (viewer, user) in try await service.visible(pairs) { visible[viewer, default: []].insert(user) }
      for key in keys {
        guard let (session, wanted) = subscriptions[key] else { continue }
        // Whom it has subscribed to meanwhile was found visible then.
        let asked = Set(pairs.lazy.filter { $0.viewer == session.user }.map(\.user))
        let lost = wanted.intersection(asked).subtracting(visible[session.user] ?? [])
        if !lost.isEmpty { unsubscribe(session, from: Array(lost)) }
      }
    } catch {
      toCheck.formUnion(keys)
      throw error
    }
  }

  // MARK: Edges

  /// What another gateway, or this one, has said on the channel.
  func received(_ payload: UnsafeRawBufferPointer, rooms: (String) -> Room?) {
    PresenceNews.decode(payload) { news in
      switch news {
      case .edge(let edge):
        counters.edges += 1
        hold(edge)
        tell(edge)
      case .members(let conversation, let user):
        if let room = rooms(conversation.description), entries[ObjectIdentifier(room)] != nil { reload(room) }
        guard !subscriptions.isEmpty else { return }
        for session in users[user]?.sessions ?? [] { toCheck.insert(ObjectIdentifier(session)) }
        for session in rooms(AdapterChannel.userRoom(user))?.members ?? [] { toCheck.insert(ObjectIdentifier(session)) }
        if !toCheck.isEmpty { check() }
      case .blocks(let one, let other):
        // At once, whatever it is: what they may be told after all, they are when the store has said so.
        users[one]?.hidden.insert(other)
        users[other]?.hidden.insert(one)
        for user in [one, other] {
          // Their members are read anew, and with them whom each may be told of.
          for room in users[user]?.rooms ?? [] { reload(room) }
          for session in users[user]?.sessions ?? [] { toCheck.insert(ObjectIdentifier(session)) }
        }
        if !toCheck.isEmpty { check() }
      }
    }
  }

  private func reload(_ room: Room) {
    if !waiting.contains(where: { $0 === room }) { waiting.append(room) }
    load()
  }

  /// For rooms whose members are not known yet.
  private func hold(_ edge: PresenceEdge) {
    guard isLoading else { return }
    if heldForLoading.count + heldForWaiting.count >= Self.heldLimit { return reconcile() }
    heldForLoading.append(edge)
    if !waiting.isEmpty { heldForWaiting.append(edge) }
  }

  /// Tells those who watch the user, unless they have been told of a later edge.
  private func tell(_ edge: PresenceEdge) {
    guard let watched = users[edge.user], edge.version > watched.version else { return }
    watched.version = edge.version
    var packets = Self.packets(edge)
    if watched.rooms.count == 1, watched.sessions.isEmpty {
      for member in watched.rooms[0].members where member.user != edge.user && !watched.hidden.contains(member.user) {
        send(&packets, to: member)
      }
      return
    }
    var had = Set<ObjectIdentifier>()
    for room in watched.rooms {
      for member in room.members
      where member.user != edge.user && !watched.hidden.contains(member.user)
        && had.insert(ObjectIdentifier(member)).inserted
      {
        send(&packets, to: member)
      }
    }
    for session in watched.sessions
    where !watched.hidden.contains(session.user) && had.insert(ObjectIdentifier(session)).inserted {
      send(&packets, to: session)
    }
  }

  /// Tells the rooms in which the user is new of an edge that came while they were read.
  private func tell(_ edge: PresenceEdge, _ fresh: [ObjectIdentifier: Set<UUID>]) {
    guard let watched = users[edge.user] else { return }
    guard edge.version <= watched.version else { return tell(edge) }
    guard edge.version == watched.version else { return }
    let isNew = { (room: Room) in fresh[ObjectIdentifier(room)]?.contains(edge.user) == true }
    var had = Set(watched.sessions.map { ObjectIdentifier($0) })
    for room in watched.rooms where !isNew(room) { had.formUnion(room.members.map { ObjectIdentifier($0) }) }
    var packets = Self.packets(edge)
    for room in watched.rooms where isNew(room) {
      for member in room.members
      where member.user != edge.user && !watched.hidden.contains(member.user)
        && had.insert(ObjectIdentifier(member)).inserted
      {
        send(&packets, to: member)
      }
    }
  }

  private func send(_ packets: inout PacketSet, to session: GatewaySession) {
    counters.told += 1
    session.socket.send(packets.packet(for: session))
  }

  private static func packets(_ edge: PresenceEdge) -> PacketSet {
    PacketSet(RoomEvent(PresenceStatus.event) { edge.status.write(to: &$0) }, offset: nil)
  }

  // MARK: After a broken subscription

  /// Compares all that is watched with what was said last. Repeats until it has succeeded.
  func reconcile() {
    guard !isReconciling else {
      mustReconcileAgain = true
      return
    }
    isReconciling = true
    loop.start { [self] in
      var failures = 0
      repeat {
        mustReconcileAgain = false
        do {
          try await reconcileOnce()
          failures = 0
        } catch {
          failures += 1
          mustReconcileAgain = true
          try? await loop.sleep(for: .milliseconds(min(1000, 20 << min(failures, 6))))
        }
      } while mustReconcileAgain && !isClosed
      isReconciling = false
    }
  }

  private func reconcileOnce() async throws {
    // Members may have changed unheard.
    for entry in entries.values where entry.isKnown { reload(entry.room) }
    while isLoading, !isClosed { try await loop.sleep(for: .milliseconds(5)) }
    let all = Array(users.keys)
    for start in stride(from: 0, to: all.count, by: Self.usersOfAQuery) {
      let chunk = Array(all[start..<min(start + Self.usersOfAQuery, all.count)])
      for edge in try await service.record.edges(of: chunk).values {
        if let watched = users[edge.user], edge.version > watched.since { tell(edge) }
      }
    }
    mustCheckAll = true
    check()
  }
}
