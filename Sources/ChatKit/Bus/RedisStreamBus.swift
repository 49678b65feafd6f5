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
    /// About how many records a partition keeps that all groups have acknowledged.
    package var retention = 100_000
    /// About how many it keeps for a group that is behind: what is beyond is lost to that group.
    package var limit = 1_000_000
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
  /// Records that were added here to each partition since it was last trimmed.
  private var added: [Int]
  private var isTrimming = false

  /// Uses `redis` for publishing and connections of its own, made from `configuration`, for consuming.
  package init(redis: RedisClient, configuration: RedisConfiguration, loop: EventLoop, settings: Settings = Settings())
  {
    self.redis = redis
    self.configuration = configuration
    self.loop = loop
    self.settings = settings
    streams = (0..<settings.partitions).map { "\(settings.topic):\($0)" }
    // The first publish looks, for processes come and go.
    added = Array(repeating: settings.retention, count: settings.partitions)
  }

  /// The field of a stream's entry that bears the event.
  static let field = "event"

  func stream(_ partition: Int) -> String { streams[partition] }

  func partition(of key: UUID) -> Int { Self.partition(of: key, among: settings.partitions) }

  static func partition(of key: UUID, among count: Int) -> Int {
    // The low half of a UUIDv7 is random; mixed all the same, for other versions are keys too.
    Int(truncatingIfNeeded: ((key.low ^ key.high) &* 0x9e37_79b9_7f4a_7c15) >> 33) % count
  }

  package func publish(_ events: [BusEvent]) async throws {
    do {
      let replies = try await redis.pipeline(count: events.count) { encoder, index in
        let event = events[index]
        encoder.command(
          "XADD", stream(partition(of: event.key)), "MAXLEN", "~", settings.limit, "*", Self.field, event.payload)
      }
      for reply in replies { _ = try reply.get() }
    } catch {
      throw BusError("cannot publish to \(settings.topic): \(error)")
    }
    for event in events { added[partition(of: event.key)] += 1 }
    trimIfDue()
  }

  // MARK: Trimming

  /// Now and then, beside the publishing: removes what is beyond `retention` and acknowledged by every group.
  private func trimIfDue() {
    let step = max(1, settings.retention / 20)
    guard !isTrimming, added.contains(where: { $0 >= step }) else { return }
    isTrimming = true
    loop.start { [self] in
      for partition in added.indices where added[partition] >= step {
        added[partition] = 0
        // One that fails is followed by another; `limit` holds in any case.
        _ = try? await redis.run(Self.trimming, keys: [stream(partition)], settings.retention)
      }
      isTrimming = false
    }
  }

  /// Up to the oldest record that some group has still to acknowledge, and no more than is beyond the retention.
  private static let trimming = RedisScript(
    """
    local surplus = redis.call('XLEN', KEYS[1]) - tonumber(ARGV[1])
    if surplus <= 0 then return 0 end
    local function less(a, b)
      local am, as = string.match(a, '(%d+)-(%d+)')
      local bm, bs = string.match(b, '(%d+)-(%d+)')
      if am ~= bm then return tonumber(am) < tonumber(bm) end
      return tonumber(as) < tonumber(bs)
    end
    local slowest
    for _, fields in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
      local group = {}
      for index = 1, #fields, 2 do group[fields[index]] = fields[index + 1] end
      local place = group['last-delivered-id']
      if group['pending'] > 0 then
        place = redis.call('XPENDING', KEYS[1], group['name'])[2] or place
      end
      if not slowest or less(place, slowest) then slowest = place end
    end
    if not slowest then return redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[1]) end
    return redis.call('XTRIM', KEYS[1], 'MINID', '~', slowest, 'LIMIT', surplus)
    """)

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
