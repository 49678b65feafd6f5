package import Networking
import Primitives
package import Redis

/// The bus on Redis Streams: what Kafka's topic, partitions and consumer groups are, for an installation without Kafka.
///
/// A topic is `partitions` streams; a key's events go to one of them, so they stay in order. A partition is consumed
/// by one member of a group at a time, who holds its lease (`PartitionLeases`). All members read under one consumer
/// name: what a member has read and not acknowledged is therefore what the next holder of its lease reads first.
///
/// Redis keeps a stream in memory and, with AOF, on disk about a second late. What a Redis that comes back empty has
/// lost is put right by those who can tell: gateways compare their rooms with the store when they are connected again.
package final class RedisStreamBus: EventBus, @unchecked Sendable {
  package struct Settings: Sendable {
    package var topic = "chat.events"
    package var partitions = 8
    /// About how many records a partition keeps, acknowledged or not.
    package var retention = 100_000
    /// How long a partition stays with a member that says nothing.
    package var lease = Duration.seconds(4)
    /// Records in one read.
    package var batch = 256

    package init() {}
  }

  let settings: Settings
  let configuration: RedisConfiguration
  let loop: EventLoop
  private let redis: RedisClient
  private let streams: [String]

  /// Uses `redis` for publishing and connections of its own, made from `configuration`, for consuming.
  package init(redis: RedisClient, configuration: RedisConfiguration, loop: EventLoop, settings: Settings = Settings())
  {
    self.redis = redis
    self.configuration = configuration
    self.loop = loop
    self.settings = settings
    streams = (0..<settings.partitions).map { "\(settings.topic):\($0)" }
  }

  /// The field of a stream's entry that bears the event.
  static let field = "event"

  func stream(_ partition: Int) -> String { streams[partition] }

  func partition(of key: UUID) -> Int {
    // The low half of a UUIDv7 is random; mixed all the same, for other versions are keys too.
    Int(truncatingIfNeeded: ((key.low ^ key.high) &* 0x9e37_79b9_7f4a_7c15) >> 33) % settings.partitions
  }

  package func publish(_ events: [BusEvent]) async throws {
    do {
      let replies = try await redis.pipeline(count: events.count) { encoder, index in
        let event = events[index]
        encoder.command(
          "XADD", stream(partition(of: event.key)), "MAXLEN", "~", settings.retention, "*", Self.field, event.payload)
      }
      for reply in replies { _ = try reply.get() }
    } catch {
      throw BusError("cannot publish to \(settings.topic): \(error)")
    }
  }

  package func check() async throws { try await redis.ping() }

  /// The sum over the partitions; nil when Redis cannot tell, as after records were deleted from within a stream. A
  /// stream or group that is not there yet has nothing.
  package func backlog(of group: String) async throws -> Int? {
    let replies = try await redis.pipeline(
      (0..<settings.partitions).map { RedisCommand("XINFO", "GROUPS", stream($0)) })
    var sum = 0
    for reply in replies {
      guard let groups = try? reply.get().array else { continue }
      for fields in groups.compactMap(\.array) {
        var found: [String: RedisValue] = [:]
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
          found[fields[index].string ?? ""] = fields[index + 1]
        }
        guard found["name"]?.string == group else { continue }
        guard let lag = found["lag"]?.integer else { return nil }
        sum += Int(lag)
      }
    }
    return sum
  }

  package func subscribe(
    group: String, handler: @escaping @Sendable ([[UInt8]]) async throws -> Void
  ) -> any BusSubscription {
    let subscription = RedisStreamSubscription(bus: self, group: group, handler: handler)
    subscription.start()
    return subscription
  }
}
