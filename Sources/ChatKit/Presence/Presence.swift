// Presence: who is online.
//
// Pattern. A device that is there has a *lease* in Redis (`PresenceLease`): one for each socket, renewed in batches by the
// gateway that holds it (`PresenceLeases`), or one for a device that says POST /heartbeat. A user's first lease and, after
// the grace, the end of the last one are *edges*. Every move is one Lua script on Redis' clock (`PresenceStore`), and the
// script that makes an edge appends it to a stream in the same step: no process has an edge in its hands alone, and two
// that sweep never make the same one.
//
//     lease ──first──▶ online ──last one ends──▶ leaving ──grace──▶ offline
//                        ▲                          │
//                        └────────a new lease───────┘   no edge
//
// From the stream the role `presence` (`PresencePublisher`, one process at a time) records edges in PostgreSQL, then gives
// them to the bus, then deletes them from the stream; whatever dies in between, the next one does it again. An edge that
// repeats what is recorded is no change, and is not published: so the table `presence` is the last word of what was said.
//
// Redis may be emptied. Gateways then lease again all that they hold; who was online is online again, which is no change.
// Who went meanwhile is found by comparing Redis with the table once everybody has had the time to come back
// (`PresenceSweeper.compare`). Until then, whoever has no lease is what the table says, so nobody is taken for offline
// only because Redis has forgotten.
//
// Concurrency. Everything here is confined to one loop.
//
// Invariants.
// - `counts` of a user is the number of the user's members in `leases`.
// - A user is in `online` exactly while they have leases or are in `leaving`.
// - The versions of edges rise: microseconds of Redis' clock, or one more than the last where that clock has gone back.
// - Redis must not evict keys (`maxmemory-policy noeviction`); the bus needs that as well.

package import Primitives

/// How presence is kept; the same in every process of an installation.
package struct PresenceSettings: Sendable {
  /// How long a lease lasts that nobody renews.
  package var ttl = Duration.seconds(30)
  /// How long a user without leases is still online.
  package var grace = Duration.seconds(10)
  /// How often leases and graces that have run out are looked for.
  package var sweepInterval = Duration.seconds(10)
  /// In larger conversations only the number of those online is told.
  package var maxMembers = 200

  package init() {}

  /// Leases of a batch end at different times, up to this much later, so that those of a dead node do not end at once.
  var jitter: Duration { ttl / 4 }
  /// How often a lease is renewed.
  package var renewal: Duration { ttl / 3 }
  /// How long after Redis was emptied everybody has had the time to come back: to connect, which who has tried in vain for
  /// long tries again after so much (`RedisConfiguration.longestBackoff`), and to renew.
  var settling: Duration { ttl + grace + Self.longestBackoff }
  static let longestBackoff = Duration.seconds(5)
}

/// What is known of a user's presence.
package struct PresenceStatus: Equatable, Sendable {
  package var user: UUID
  package var isOnline: Bool
  /// Of users who are not online: when they last were; nil where that is not known.
  package var lastSeen: Timestamp?
  /// Of the last edge; a later edge has a greater one. 0 where there was none.
  package var version: Int64

  package init(user: UUID, isOnline: Bool, lastSeen: Timestamp?, version: Int64) {
    self.user = user
    self.isOnline = isOnline
    self.lastSeen = lastSeen
    self.version = version
  }
}
