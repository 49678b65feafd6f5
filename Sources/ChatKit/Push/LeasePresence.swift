package import Primitives
package import Redis

/// Online is who has a lease, or a socket on some gateway: a gateway subscribes to the room of a user while it has a socket
/// of that user.
package final class LeasePresence: PresenceLookup {
  private let redis: RedisClient
  private let store: PresenceStore

  package init(redis: RedisClient, store: PresenceStore) {
    self.redis = redis
    self.store = store
  }

  package func online(among users: [UUID]) async throws -> Set<UUID> {
    guard !users.isEmpty else { return [] }
    let leases = try await store.online(users).versions
    let channels = users.map { AdapterChannel.room(AdapterChannel.userRoom($0)) }
    let counts = try await redis.send("PUBSUB", "NUMSUB", RedisArguments(channels)).array ?? []
    var online = Set(leases.keys)
    // Channel, subscribers, channel, subscribers …
    for (index, user) in users.enumerated() where counts.count > index * 2 + 1 {
      if let count = counts[index * 2 + 1].integer, count > 0 { online.insert(user) }
    }
    return online
  }
}
