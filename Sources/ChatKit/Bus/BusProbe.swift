package import Kafka
package import Primitives
package import Redis

/// A record of the bus, found by looking.
package struct BusRecord: Sendable {
  package var partition: Int
  /// Kafka's offset, or the id of a stream's entry.
  package var position: String
  /// When the bus had it: by the publisher's clock (Kafka) or by the server's (Redis).
  package var at: Timestamp?
  package var event: ReceivedEvent
}

/// Looks into a bus without consuming from it. On its loop only.
package protocol BusProbe: AnyObject, Sendable {
  /// The first event of a room that `matches`, among those on the bus since `time`.
  /// - Parameter limit: records of the room's partition that are looked at.
  /// - Returns: the event, or nil and whether all that there are were looked at.
  func find(
    room: UUID, since time: Timestamp, limit: Int, _ matches: @Sendable (ReceivedEvent) -> Bool
  ) async throws -> (record: BusRecord?, isExhaustive: Bool)

  /// Whether a group that stands at `position` is behind a record; nil where that cannot be told.
  func isDone(_ record: BusRecord, by position: String?) -> Bool?
}

/// On Kafka.
package final class KafkaProbe: BusProbe, @unchecked Sendable {
  private static let page = 1000
  private let admin: KafkaAdmin
  private let topic: String

  /// - Parameter admin: stays the caller's.
  package init(_ admin: KafkaAdmin, topic: String) {
    self.admin = admin
    self.topic = topic
  }

  package func find(
    room: UUID, since time: Timestamp, limit: Int, _ matches: @Sendable (ReceivedEvent) -> Bool
  ) async throws -> (record: BusRecord?, isExhaustive: Bool) {
    let count = try await admin.partitions(of: topic).count
    let place = KafkaPartition(topic, KafkaAdmin.partition(ofKey: room.description.utf8, of: count))
    guard var next = try await admin.offsets(at: time, of: [place])[place] else { return (nil, true) }
    var left = limit
    while left > 0 {
      let page = min(left, Self.page)
      let records = try await admin.records(from: [place: next], limit: page)[place] ?? []
      for record in records {
        guard let event = ReceivedEvent(payload: record.value), event.conversationId == room, matches(event) else {
          continue
        }
        let found = BusRecord(
          partition: Int(place.partition), position: "\(record.offset)", at: record.timestamp, event: event)
        return (found, true)
      }
      guard records.count == page, let last = records.last else { return (nil, true) }
      next = last.offset + 1
      left -= page
    }
    return (nil, false)
  }

  package func isDone(_ record: BusRecord, by position: String?) -> Bool? {
    guard let offset = Int64(record.position), let position = position.flatMap({ Int64($0) }) else { return nil }
    return position > offset
  }
}

/// On Redis Streams.
package final class RedisProbe: BusProbe, @unchecked Sendable {
  private static let page = 500
  private let redis: RedisClient
  private let topic: String
  private let partitions: Int

  /// - Parameters:
  ///   - redis: stays the caller's.
  ///   - partitions: as the processes that publish have it.
  package init(_ redis: RedisClient, topic: String, partitions: Int) {
    self.redis = redis
    self.topic = topic
    self.partitions = partitions
  }

  package func find(
    room: UUID, since time: Timestamp, limit: Int, _ matches: @Sendable (ReceivedEvent) -> Bool
  ) async throws -> (record: BusRecord?, isExhaustive: Bool) {
    let partition = RedisStreamBus.partition(of: room, among: partitions)
    var start = "\(max(0, time.microseconds / 1000))-0"
    var left = limit
    while left > 0 {
      let page = min(left, Self.page)
      let entries = try await redis.xrange("\(topic):\(partition)", from: start, count: page)
      for entry in entries {
        guard let payload = entry[RedisStreamBus.field], let event = ReceivedEvent(payload: payload),
          event.conversationId == room, matches(event)
        else { continue }
        let at = Timestamp(microseconds: Int64(clamping: entry.id.milliseconds) &* 1000)
        return (BusRecord(partition: partition, position: entry.id.description, at: at, event: event), true)
      }
      guard entries.count == page, let last = entries.last else { return (nil, true) }
      start = "(\(last.id)"
      left -= page
    }
    return (nil, false)
  }

  package func isDone(_ record: BusRecord, by position: String?) -> Bool? {
    guard let id = RedisStreamID(record.position), let position = position.flatMap({ RedisStreamID($0) }) else {
      return nil
    }
    return position > id
  }
}
