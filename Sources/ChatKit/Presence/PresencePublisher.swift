package import Networking
package import Postgres
import Primitives
package import Redis

/// Takes edges from the stream in Redis, records them in PostgreSQL, and gives those that change something to the bus; then
/// they are deleted. One process at a time, by a lease in Redis: while two believe to hold it, after a pause of one, an
/// edge may be published twice, under the same identifier.
///
/// A batch that cannot be recorded or published is tried again until it is, as it stands in memory: the stream may have
/// been emptied meanwhile.
package final class PresencePublisher: @unchecked Sendable {
  /// Entries of the stream that are taken at once; each has the edges of one script.
  private static let batch = 32
  /// How long edges may wait for others behind a batch: what a storm makes is then few statements.
  private static let pause = Duration.milliseconds(20)
  private static let lease = Duration.seconds(4)

  private let store: PresenceStore
  private let record: PresenceRecord
  private let bus: any EventBus
  private let encoding: EventEncoding
  private let loop: EventLoop
  /// Waits for edges, so nothing else may use it.
  private let reader: RedisClient
  private let leadership: PartitionLeases
  private var leadsUntil: UInt64 = 0
  private var task: Task<Void, Never>?
  /// Whether this process publishes now.
  package private(set) var isLeading = false
  package private(set) var published = 0
  /// Told of failures, once an outage.
  package var report: (any Error) -> Void = { _ in }
  /// Edges in hand, and the entries of the stream that they come from.
  private var pending: (entries: [RedisStreamID], edges: [PresenceEdge])?

  package init(
    store: PresenceStore, pool: PostgresPool, bus: any EventBus, encoding: EventEncoding,
    configuration: RedisConfiguration, loop: EventLoop
  ) {
    self.store = store
    record = PresenceRecord(pool: pool)
    self.bus = bus
    self.encoding = encoding
    self.loop = loop
    reader = RedisClient(configuration, loop: loop)
    leadership = PartitionLeases(
      topic: "presence", group: "publisher", member: UUID.v7().description, partitions: 1, lease: Self.lease)
  }

  package func start() { task = loop.start { [self] in await run() } }

  package func stop() async {
    task?.cancel()
    // It may be waiting for an edge.
    reader.close()
    await task?.value
    if isLeading { try? await leadership.leave(store.redis) }
  }

  private func run() async {
    var failures = 0
    while !Task.isCancelled {
      do {
        try await lead()
        if isLeading { try await publish() } else { try await loop.sleep(for: .milliseconds(500)) }
        failures = 0
      } catch {
        guard !Task.isCancelled else { return }
        if failures == 0 { report(error) }
        failures += 1
        leadsUntil = 0
        try? await loop.sleep(for: .milliseconds(min(1000, 20 << min(failures, 6))))
      }
    }
  }

  private func lead() async throws {
    guard loop.now >= leadsUntil else { return }
    isLeading = try await !leadership.renew(store.redis).isEmpty
    leadsUntil = loop.now &+ Self.lease.nanoseconds / 4
  }

  /// One batch: those in hand, or the next of the stream.
  private func publish() async throws {
    if pending == nil { pending = try await read() }
    guard let batch = pending else { return }
    if !batch.edges.isEmpty {
      let changes = try await record.record(batch.edges)
      if !changes.isEmpty { try await bus.publish(changes.map { $0.busEvent(as: encoding) }) }
      published += changes.count
    }
    pending = nil
    _ = try await store.redis.send("XDEL", PresenceScripts.edges, RedisArguments(batch.entries))
    try await loop.sleep(for: Self.pause)
  }

  /// The first entries of the stream; of a user's edges only the last.
  private func read() async throws -> (entries: [RedisStreamID], edges: [PresenceEdge])? {
    let entries = try await reader.xread(
      PresenceScripts.edges, after: .zero, count: Self.batch, block: .milliseconds(500))
    guard !entries.isEmpty else { return nil }
    var edges: [UUID: PresenceEdge] = [:]
    for entry in entries { for edge in PresenceEdge.list(entry) { edges[edge.user] = edge } }
    return (entries.map(\.id), edges.values.sorted { $0.version < $1.version })
  }
}

extension PresenceEdge {
  /// What an entry of the stream says that the scripts have written; nothing where it is none.
  static func list(_ entry: RedisStreamEntry) -> [PresenceEdge] {
    func words(_ field: String) -> [ArraySlice<UInt8>] { (entry[field] ?? []).split(separator: UInt8(ascii: " ")) }
    func number(_ word: ArraySlice<UInt8>?) -> Int64? { word.flatMap { Int64(String(decoding: $0, as: UTF8.self)) } }
    func identifier(_ word: ArraySlice<UInt8>) -> UUID? { word.withUnsafeBytes { UUID(utf8: $0) } }
    guard let version = number(words("version").first), let at = number(words("at").first) else { return [] }
    var edges: [PresenceEdge] = []
    for user in words("came").compactMap(identifier) {
      edges.append(
        PresenceEdge(user: user, isOnline: true, version: version, at: Timestamp(microseconds: at * 1000)))
    }
    let gone = words("gone")
    for index in stride(from: 0, to: gone.count - 1, by: 2) {
      guard let user = identifier(gone[index]), let at = number(gone[index + 1]) else { continue }
      edges.append(
        PresenceEdge(user: user, isOnline: false, version: version, at: Timestamp(microseconds: at * 1000)))
    }
    return edges
  }
}
