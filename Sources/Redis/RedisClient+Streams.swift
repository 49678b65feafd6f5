import Networking

extension RedisClient {
  /// Where a new group begins to read.
  package enum StreamStart: Sendable {
    case beginning
    /// Only what is added from now on.
    case end
    case after(RedisStreamID)

    var text: String {
      switch self {
      case .beginning: "0"
      case .end: "$"
      case .after(let id): id.description
      }
    }
  }

  /// What a consumer reads.
  package enum StreamCursor: Sendable {
    /// What no consumer of the group has been given yet.
    case new
    /// What this consumer was given after that entry and has not acknowledged.
    case pending(after: RedisStreamID)

    var text: String {
      switch self {
      case .new: ">"
      case .pending(let id): id.description
      }
    }
  }

  /// The entries of one stream.
  package struct StreamBatch: Equatable, Sendable {
    package var stream: String
    package var entries: [RedisStreamEntry]
  }

  /// Adds an entry; a stream that does not exist is made.
  /// - Parameter maxLength: about how many entries are kept (whole nodes of the stream are removed).
  @discardableResult
  package nonisolated(nonsending) func xadd<Value: RedisArgument>(
    _ stream: String, maxLength: Int? = nil, _ fields: [(String, Value)]
  ) async throws(RedisError) -> RedisStreamID {
    let reply =
      if let maxLength {
        try await send("XADD", stream, "MAXLEN", "~", maxLength, "*", StreamFields(fields))
      } else {
        try await send("XADD", stream, "*", StreamFields(fields))
      }
    guard let id = reply.string.flatMap({ RedisStreamID($0) }) else { throw .unexpected("XADD") }
    return id
  }

  /// Makes a group, and the stream where there is none. True when the group is new.
  @discardableResult
  package nonisolated(nonsending) func xgroupCreate(
    _ stream: String, group: String, from start: StreamStart
  ) async throws(RedisError) -> Bool {
    do throws(RedisError) {
      _ = try await send("XGROUP", "CREATE", stream, group, start.text, "MKSTREAM")
      return true
    } catch {
      guard error.code == .busyGroup else { throw error }
      return false
    }
  }

  /// Reads as a consumer of a group. The client is blocked for others meanwhile: give the reader one of its own.
  /// - Parameters:
  ///   - count: the most entries of each stream.
  ///   - block: how long to wait for an entry; nil not at all. The result is empty when none has come.
  package nonisolated(nonsending) func xreadgroup(
    group: String, consumer: String, streams: [String], from cursor: StreamCursor = .new, count: Int,
    block: Duration? = nil
  ) async throws(RedisError) -> [StreamBatch] {
    let cursors = Array(repeating: cursor.text, count: streams.count)
    let reply =
      if let block {
        try await send(
          patience: block, "XREADGROUP", "GROUP", group, consumer, "COUNT", count, "BLOCK", max(1, block.milliseconds),
          "STREAMS", RedisArguments(streams), RedisArguments(cursors))
      } else {
        try await send(
          "XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", RedisArguments(streams),
          RedisArguments(cursors))
      }
    return (reply.array ?? []).compactMap { part in
      guard let pair = part.array, pair.count == 2, let stream = pair[0].string else { return nil }
      return StreamBatch(stream: stream, entries: RedisStreamEntry.list(pair[1]))
    }
  }

  /// Reads one stream without a group. The client is blocked for others meanwhile: give the reader one of its own.
  /// - Parameter block: how long to wait for an entry. The result is empty when none has come.
  package nonisolated(nonsending) func xread(
    _ stream: String, after id: RedisStreamID, count: Int, block: Duration
  ) async throws(RedisError) -> [RedisStreamEntry] {
    let reply = try await send(
      patience: block, "XREAD", "COUNT", count, "BLOCK", max(1, block.milliseconds), "STREAMS", stream, id.description)
    guard let part = reply.array?.first?.array, part.count == 2 else { return [] }
    return RedisStreamEntry.list(part[1])
  }

  /// Acknowledges entries; returns how many were pending.
  @discardableResult
  package nonisolated(nonsending) func xack(
    _ stream: String, group: String, _ ids: [RedisStreamID]
  ) async throws(RedisError) -> Int {
    guard !ids.isEmpty else { return 0 }
    return try await integer(send("XACK", stream, group, RedisArguments(ids)), "XACK")
  }

  package nonisolated(nonsending) func xlen(_ stream: String) async throws(RedisError) -> Int {
    try await integer(send("XLEN", stream), "XLEN")
  }

  /// The entries from `start` to `end`, both included; `-` and `+` are the ends of the stream.
  package nonisolated(nonsending) func xrange(
    _ stream: String, from start: String = "-", to end: String = "+", count: Int
  ) async throws(RedisError) -> [RedisStreamEntry] {
    RedisStreamEntry.list(try await send("XRANGE", stream, start, end, "COUNT", count))
  }

  func integer(_ value: RedisValue, _ command: String) throws(RedisError) -> Int {
    guard let number = value.integer else { throw .unexpected(command) }
    return Int(number)
  }
}

/// The names and values of an entry.
private struct StreamFields<Value: RedisArgument>: RedisArgument {
  private let fields: [(String, Value)]

  init(_ fields: [(String, Value)]) { self.fields = fields }

  var argumentCount: Int { fields.count * 2 }

  func encode(into encoder: CommandEncoder) {
    for (name, value) in fields {
      encoder.bulk(name)
      value.encode(into: encoder)
    }
  }
}
