import Networking
import Primitives
import Redis

/// One member of a group on Redis Streams. Two tasks on the bus's loop: one keeps the leases, one reads, handles and
/// acknowledges. A partition is given back only between two reads, when nothing of it is in the handler.
final class RedisStreamSubscription: BusSubscription, @unchecked Sendable {
  private let bus: RedisStreamBus
  private let group: String
  private let handler: @Sendable ([[UInt8]]) async throws -> Void
  private let leases: PartitionLeases
  /// Blocks in XREADGROUP, so nothing else may use it.
  private let reader: RedisClient
  private let control: RedisClient
  private var task: Task<Void, Never>?
  private var held: [Int] = []
  /// Partitions whose unacknowledged records, a former holder's or ours, have yet to be read.
  private var unsettled = Set<Int>()
  private var leasesValidUntil: UInt64 = 0
  private var knownGroups = Set<Int>()
  private var isClosing = false

  init(bus: RedisStreamBus, group: String, handler: @escaping @Sendable ([[UInt8]]) async throws -> Void) {
    self.bus = bus
    self.group = group
    self.handler = handler
    leases = PartitionLeases(
      topic: bus.settings.topic, group: group, member: UUID.v7().description, partitions: bus.settings.partitions,
      lease: bus.settings.lease)
    reader = RedisClient(bus.configuration, loop: bus.loop)
    control = RedisClient(bus.configuration, loop: bus.loop)
  }

  func start() {
    task = bus.loop.start { [self] in await run() }
  }

  func close() async {
    isClosing = true
    task?.cancel()
    await task?.value
    try? await leases.leave(control)
    reader.close()
    control.close()
  }

  private func run() async {
    var failures = 0
    while !isClosing {
      do {
        try await renewIfDue()
        if held.isEmpty {
          try await bus.loop.sleep(for: .milliseconds(200))
        } else {
          try await readOnce()
        }
        failures = 0
      } catch {
        if isClosing { return }
        failures += 1
        // Whatever went wrong, the records that were not acknowledged are read again, in order.
        unsettled.formUnion(held)
        leasesValidUntil = 0
        knownGroups.removeAll()
        try? await bus.loop.sleep(for: .milliseconds(min(1000, 20 << min(failures, 6))))
      }
    }
  }

  /// Leases are renewed every third of their time; between reads, so that what is given back is not in hand.
  private func renewIfDue() async throws {
    guard bus.loop.now >= leasesValidUntil else { return }
    let before = Set(held)
    held = try await leases.renew(control)
    unsettled.formUnion(Set(held).subtracting(before))
    unsettled.formIntersection(held)
    leasesValidUntil = bus.loop.now &+ bus.settings.lease.nanoseconds / 3
  }

  private func readOnce() async throws {
    for partition in held where !knownGroups.contains(partition) {
      // From the first record: a group that is made late must not miss what was published before.
      try await control.xgroupCreate(bus.stream(partition), group: group, from: .beginning)
      knownGroups.insert(partition)
    }
    if let partition = unsettled.first {
      let found = try await read([partition], .pending(after: .zero), block: nil)
      if found == 0 { unsettled.remove(partition) }
    } else {
      _ = try await read(held, .new, block: .milliseconds(min(500, bus.settings.lease.milliseconds / 4)))
    }
  }

  /// Reads, handles and acknowledges once; how many records there were.
  private func read(_ partitions: [Int], _ cursor: RedisClient.StreamCursor, block: Duration?) async throws -> Int {
    let batches = try await reader.xreadgroup(
      group: group, consumer: Self.consumer, streams: partitions.map(bus.stream), from: cursor,
      count: bus.settings.batch, block: block)
    var payloads: [[UInt8]] = []
    var acknowledgements: [RedisCommand] = []
    for batch in batches where !batch.entries.isEmpty {
      // A record that was trimmed away while it was unacknowledged has no fields left.
      payloads.append(contentsOf: batch.entries.compactMap { $0[RedisStreamBus.field] })
      acknowledgements.append(
        RedisCommand("XACK", batch.stream, group, RedisArguments(batch.entries.map(\.id))))
    }
    if !payloads.isEmpty { try await handler(payloads) }
    for reply in try await control.pipeline(acknowledgements) { _ = try reply.get() }
    return acknowledgements.count
  }

  /// All members read under this name; see `RedisStreamBus`.
  private static let consumer = "member"
}
