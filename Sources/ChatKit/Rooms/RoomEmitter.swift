package import JSON
package import Primitives
package import Redis

/// Says things to rooms through the adapter's channels, as `@socket.io/redis-emitter` does: for those who are not a
/// gateway, and for the consumer of the bus.
package struct RoomEmitter: Sendable {
  private let redis: RedisClient
  /// Six alphanumerics, our own: no gateway takes it for itself, so all deliver what we say.
  private let uid: String

  package init(redis: RedisClient, uid: String = RoomEmitter.makeUID()) {
    self.redis = redis
    self.uid = uid
  }

  package static func makeUID() -> String {
    let alphabet = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
    return String(decoding: SecureRandom.bytes(6).map { alphabet[Int($0) % alphabet.count] }, as: UTF8.self)
  }

  /// One thing to be said.
  package struct Emission: Sendable {
    let channel: String
    let payload: [UInt8]

    package init(_ payload: [UInt8], on channel: String) {
      self.payload = payload
      self.channel = channel
    }
  }

  /// `event` with one argument for the members of `room`.
  package func emission(
    _ event: String, _ argument: EventData, to room: String, seq: Int64? = nil, epoch: Int64? = nil,
    origin: EmissionOrigin? = nil
  ) -> Emission {
    Emission(
      AdapterBroadcast.encode(
        uid: uid, event: event, argument: argument, rooms: [room], seq: seq, epoch: epoch, origin: origin),
      on: AdapterChannel.room(room))
  }

  /// The same with an argument that is written as JSON, and not for those who are in a room of `except` as well.
  package func emission(
    _ event: String, to room: String, except: [String] = [], _ argument: (inout JSONWriter) -> Void
  ) -> Emission {
    Emission(
      AdapterBroadcast.encode(uid: uid, event: event, rooms: [room], except: except, argument),
      on: AdapterChannel.room(room))
  }

  /// The same for those who are in any of the rooms, of which there is at least one; each once.
  package func emission(_ event: String, toAny rooms: [String], _ argument: (inout JSONWriter) -> Void) -> Emission {
    Emission(
      AdapterBroadcast.encode(uid: uid, event: event, rooms: rooms, argument),
      on: rooms.count == 1 ? AdapterChannel.room(rooms[0]) : AdapterChannel.all())
  }

  /// Says that somebody was removed in `epoch`: gateways that have heard it deliver nothing more to the room until the
  /// store has told them who is left. Returns when Redis has taken it, and so before anything that is said afterwards,
  /// or when it has not within its time: messages bear the epoch themselves.
  package func notice(_ epoch: Int64, in conversation: UUID) async {
    let room = conversation.description
    guard redis.isConnected else { return }
    _ = try? await redis.send(
      "PUBLISH", AdapterChannel.room(room), AdapterBroadcast.notice(uid: uid, room: room, epoch: epoch))
  }

  /// Closes the connections of the sockets in any of the rooms, on every gateway. A gateway that cannot hear it now asks
  /// the store which sessions are revoked as soon as it hears again.
  package func disconnect(_ rooms: [String]) async {
    guard !rooms.isEmpty, redis.isConnected else { return }
    _ = try? await redis.send("PUBLISH", AdapterChannel.requests(), AdapterRequest.disconnect(rooms, uid: uid))
  }

  /// Publishes without waiting. Lost where Redis is away: for what its receivers can do without.
  package func post(_ emissions: [Emission]) {
    for emission in emissions { redis.post("PUBLISH", emission.channel, emission.payload) }
  }

  /// Publishes in order; returns when Redis has taken all.
  package func emit(_ emissions: [Emission]) async throws {
    guard !emissions.isEmpty else { return }
    let replies = try await redis.pipeline(count: emissions.count) { encoder, index in
      encoder.command("PUBLISH", emissions[index].channel, emissions[index].payload)
    }
    for reply in replies { _ = try reply.get() }
  }
}
