import Networking
import Postgres
import Primitives
import Redis
import TestSupport
import Testing

@testable import ChatKit

/// Presence with short times, on a domain's Redis and PostgreSQL. On its loop.
final class PresenceDomain: @unchecked Sendable {
  let domain: Domain
  let loop: EventLoop
  let store: PresenceStore
  let record: PresenceRecord
  let service: PresenceService
  let bus: any EventBus
  /// What the bus has given to a consumer, in its order.
  let published = Recorder<PresenceEdge>()
  private var roles: [(PresenceSweeper, PresencePublisher)] = []
  private var subscription: (any BusSubscription)?

  init(_ domain: Domain, ttl: Duration, grace: Duration, bus: (any EventBus)? = nil) {
    self.domain = domain
    loop = domain.loop
    var settings = PresenceSettings()
    settings.ttl = ttl
    settings.grace = grace
    settings.sweepInterval = .milliseconds(100)
    settings.maxMembers = 5
    store = PresenceStore(redis: domain.redis, settings: settings)
    record = PresenceRecord(pool: domain.pool)
    service = PresenceService(pool: domain.pool, store: store)
    self.bus = bus ?? domain.bus
  }

  static func with(
    ttl: Duration = .milliseconds(600), grace: Duration = .milliseconds(200),
    _ body: @escaping @Sendable (PresenceDomain) async throws -> Void
  ) async throws {
    try await Domain.with { domain in
      let presence = PresenceDomain(domain, ttl: ttl, grace: grace)
      do {
        try await body(presence)
      } catch {
        await presence.stop()
        throw error
      }
      await presence.stop()
    }
  }

  /// Another process of the role.
  func startRole() {
    let sweeper = PresenceSweeper(store: store, pool: domain.pool, loop: loop)
    let publisher = PresencePublisher(
      store: store, pool: domain.pool, bus: bus, encoding: roles.isEmpty ? .json : .messagePack,
      configuration: domain.redisConfiguration, loop: loop)
    sweeper.start()
    publisher.start()
    roles.append((sweeper, publisher))
  }

  func consume(group: String = "test") {
    let published = published
    subscription = bus.subscribe(group: group) { payloads in
      published.elements += payloads.compactMap { PresenceEdge(payload: $0) }
    }
  }

  func stop() async {
    await subscription?.close()
    for (sweeper, publisher) in roles {
      await sweeper.stop()
      await publisher.stop()
    }
    roles = []
  }

  func edges(of user: UUID) -> [Bool] { published.elements.filter { $0.user == user }.map(\.isOnline) }

  func leases() -> PresenceLeases { PresenceLeases(store: store, loop: loop) }

  func isOnline(_ user: UUID) async throws -> Bool { try await service.statuses(of: [user])[0].isOnline }
}
