import ChatKit
import Logging
import Metrics

/// What the role `presence` adds to the first shard of a process: the sweeper of leases, and who publishes the edges.
final class PresenceRole: @unchecked Sendable {
  private let sweeper: PresenceSweeper
  private let publisher: PresencePublisher

  init(_ services: Shard.Services) {
    let (parts, loop, log) = (services.parts, services.loop, services.log)
    let store = services.presence
    sweeper = PresenceSweeper(store: store, pool: services.pool, loop: loop)
    publisher = PresencePublisher(
      store: store, pool: services.pool, bus: services.bus, encoding: parts.options.bus.encoding,
      configuration: parts.redisConfiguration(name: "chatd-presence"), loop: loop)
    sweeper.report = { log.warning("presence cannot be swept; it tries again", ["error": .describing($0)]) }
    publisher.report = { log.warning("presence cannot be published; it tries again", ["error": .describing($0)]) }
    services.metrics.watch(sweeper, publisher)
  }

  /// On the shard's loop.
  func start() {
    sweeper.start()
    publisher.start()
  }

  /// Before the connections to the backends are closed.
  func stop() async {
    await sweeper.stop()
    await publisher.stop()
  }
}

extension ShardMetrics {
  /// What a gateway has to do with presence.
  func watchPresence(of hub: Hub, _ log: Log) {
    hub.leases.report = { log.warning("presence leases cannot be renewed", ["error": .describing($0)]) }
    let leases = owner.gauge("chatd_presence_leases", "Connections that are told of as being there.").with()
    let renewed = owner.counter("chatd_presence_renewals_total", "Leases that were taken or renewed.").with()
    let users = owner.gauge("chatd_presence_watched_users", "Users whose presence sockets here are told of.").with()
    let told = owner.counter(
      "chatd_presence_told_total", "Users who came or went, as written to sockets: one for each receiver."
    ).with()
    onSample { [unowned hub] in
      leases.set(hub.leases.count)
      renewed.set(total: hub.leases.counters.renewed)
      users.set(hub.presence.userCount)
      told.set(total: hub.presence.counters.told)
    }
  }

  fileprivate func watch(_ sweeper: PresenceSweeper, _ publisher: PresencePublisher) {
    let edges = owner.counter(
      "chatd_presence_edges_total", "Users who came or went, as published to the bus."
    ).with()
    let sweeps = owner.counter("chatd_presence_sweeps_total", "Searches for leases that have run out.").with()
    let mended = owner.counter(
      "chatd_presence_contradictions_total",
      "Users of whom something else was said last than is so, as after Redis was emptied."
    ).with()
    onSample { [unowned sweeper, unowned publisher] in
      edges.set(total: publisher.published)
      sweeps.set(total: sweeper.sweeps)
      mended.set(total: sweeper.contradictions)
    }
  }
}
