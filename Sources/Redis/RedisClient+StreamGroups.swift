import Networking

extension RedisClient {
  /// An entry that was given to a consumer and is not acknowledged.
  package struct PendingEntry: Equatable, Sendable {
    package var id: RedisStreamID
    package var consumer: String
    /// Since it was last given to a consumer.
    package var idle: Duration
    /// How often it was given to one.
    package var deliveries: Int
  }

  /// What XAUTOCLAIM has taken over.
  package struct Claimed: Equatable, Sendable {
    /// Where to go on; `.zero` when all have been looked at.
    package var next: RedisStreamID
    package var entries: [RedisStreamEntry]
    /// Pending entries that are no longer in the stream; they have been acknowledged.
    package var deleted: [RedisStreamID]
  }

  /// How far a group has come.
  package struct StreamGroup: Equatable, Sendable {
    package var name: String
    package var consumers: Int
    package var pending: Int
    package var lastDelivered: RedisStreamID
    /// Entries that are still to be delivered; nil when the server cannot say (entries in between were deleted).
    package var lag: Int?
    /// Entries that were ever delivered; nil when the server cannot say.
    package var entriesRead: Int?
  }

  /// A stream as a whole.
  package struct StreamInfo: Equatable, Sendable {
    package var length: Int
    package var first: RedisStreamID?
    package var last: RedisStreamID
    /// Entries that were ever added.
    package var entriesAdded: Int
  }

  /// How many entries are pending for a group, and the first of them.
  package nonisolated(nonsending) func xpending(
    _ stream: String, group: String
  ) async throws(RedisError) -> (count: Int, first: RedisStreamID?) {
    let reply = try await send("XPENDING", stream, group)
    guard let values = reply.array, let count = values.first?.integer else { throw .unexpected("XPENDING") }
    return (Int(count), values.count > 1 ? values[1].string.flatMap { RedisStreamID($0) } : nil)
  }

  /// Pending entries of a group in their order, of one consumer or all.
  package nonisolated(nonsending) func xpending(
    _ stream: String, group: String, consumer: String? = nil, minimumIdle: Duration = .zero, count: Int
  ) async throws(RedisError) -> [PendingEntry] {
    let idle = minimumIdle.milliseconds
    let reply =
      if let consumer {
        try await send("XPENDING", stream, group, "IDLE", idle, "-", "+", count, consumer)
      } else {
        try await send("XPENDING", stream, group, "IDLE", idle, "-", "+", count)
      }
    return (reply.array ?? []).compactMap { part in
      guard let values = part.array, values.count == 4, let id = values[0].string.flatMap({ RedisStreamID($0) }),
        let consumer = values[1].string, let idle = values[2].integer, let deliveries = values[3].integer
      else { return nil }
      return PendingEntry(id: id, consumer: consumer, idle: .milliseconds(idle), deliveries: Int(deliveries))
    }
  }

  /// Takes over entries that another consumer was given and has left lying for `minimumIdle`.
  package nonisolated(nonsending) func xautoclaim(
    _ stream: String, group: String, consumer: String, minimumIdle: Duration, from start: RedisStreamID = .zero,
    count: Int
  ) async throws(RedisError) -> Claimed {
    let reply = try await send(
      "XAUTOCLAIM", stream, group, consumer, minimumIdle.milliseconds, start, "COUNT", count)
    guard let parts = reply.array, parts.count >= 2, let next = parts[0].string.flatMap({ RedisStreamID($0) }) else {
      throw .unexpected("XAUTOCLAIM")
    }
    let deleted = parts.count > 2 ? (parts[2].array ?? []).compactMap { $0.string.flatMap { RedisStreamID($0) } } : []
    return Claimed(next: next, entries: RedisStreamEntry.list(parts[1]), deleted: deleted)
  }

  /// The groups of a stream; none when there is no such stream.
  package nonisolated(nonsending) func xinfoGroups(_ stream: String) async throws(RedisError) -> [StreamGroup] {
    let reply: RedisValue
    do throws(RedisError) {
      reply = try await send("XINFO", "GROUPS", stream)
    } catch {
      if error.code == .refused, error.message.contains("no such key") { return [] }
      throw error
    }
    return (reply.array ?? []).compactMap { part in
      let fields = Self.fields(part)
      guard let name = fields["name"]?.string, let consumers = fields["consumers"]?.integer,
        let pending = fields["pending"]?.integer,
        let last = fields["last-delivered-id"]?.string.flatMap({ RedisStreamID($0) })
      else { return nil }
      return StreamGroup(
        name: name, consumers: Int(consumers), pending: Int(pending), lastDelivered: last,
        lag: fields["lag"]?.integer.map { Int($0) }, entriesRead: fields["entries-read"]?.integer.map { Int($0) })
    }
  }

  /// A stream as a whole; nil when there is none.
  package nonisolated(nonsending) func xinfoStream(_ stream: String) async throws(RedisError) -> StreamInfo? {
    let reply: RedisValue
    do throws(RedisError) {
      reply = try await send("XINFO", "STREAM", stream)
    } catch {
      if error.code == .refused, error.message.contains("no such key") { return nil }
      throw error
    }
    let fields = Self.fields(reply)
    guard let length = fields["length"]?.integer,
      let last = fields["last-generated-id"]?.string.flatMap({ RedisStreamID($0) })
    else { throw .unexpected("XINFO STREAM") }
    return StreamInfo(
      length: Int(length), first: fields["first-entry"]?.array?.first?.string.flatMap { RedisStreamID($0) }, last: last,
      entriesAdded: fields["entries-added"]?.integer.map { Int($0) } ?? Int(length))
  }

  /// Names and values, one after the other.
  private static func fields(_ reply: RedisValue) -> [String: RedisValue] {
    let values = reply.array ?? []
    var fields: [String: RedisValue] = [:]
    for index in stride(from: 0, to: values.count - 1, by: 2) {
      if let name = values[index].string { fields[name] = values[index + 1] }
    }
    return fields
  }
}
