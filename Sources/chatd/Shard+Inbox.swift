import ChatKit
import Commands
import Curl
import Kafka
import Logging
import Metrics
import Networking
import Primitives
import Redis

/// What the role `inbox` adds to the first shard of a process: the worker that does what follows from events, and those
/// who send what it has queued.
final class InboxRole: @unchecked Sendable {
  private let loop: EventLoop
  private let log: Log
  private let bus: any EventBus
  private let deadBus: any EventBus
  private let worker: InboxWorker
  private let webhooks: WebhookSender
  private let push: PushSender?
  private let clients: [CurlClient]
  private var joining: Task<Void, Never>?

  /// Throws `ConfigurationError` where a secret is missing or cannot be read.
  init(_ services: Shard.Services) throws {
    let (parts, options, loop, pool) = (services.parts, services.parts.options, services.loop, services.pool)
    let log = services.log
    self.loop = loop
    self.log = log
    bus = services.bus
    deadBus = parts.deadBus(redis: services.redis, loop: loop)

    let updates = InboxUpdates(
      pool: pool, emitter: services.emitter, loop: loop, settings: InboxUpdates.Settings(options.inbox))
    updates.report = { log.warning("members cannot be told of new messages", ["error": .describing($0)]) }
    var configuration = CurlConfiguration()
    configuration.addresses = options.webhooks.allowsPrivate ? .any : .publicOnly
    configuration.authorities = options.webhooks.authorities
    let client = CurlClient(configuration: configuration, loop: loop)
    var clients = [client]
    let webhooks = WebhookSender(
      pool: pool, client: client, loop: loop, settings: WebhookSender.Settings(options.webhooks))
    webhooks.report = { log.warning("webhooks cannot be served; they wait", ["error": .describing($0)]) }
    webhooks.disabled = { log.warning("a webhook is disabled", ["webhook_id": .string($0), "error": .string($1)]) }

    var effects: [any InboxEffect] = [MessageCounts(), Mentions(), WebhookFanout()]
    var push: PushSender?
    if let url = options.push.url {
      guard let secret = try options.push.secret.read() else {
        throw ConfigurationError(.invalidInput, "push.url is set: push.secretFile must name a file with a secret")
      }
      // The operator's own server, wherever it is.
      configuration.addresses = .any
      let client = CurlClient(configuration: configuration, loop: loop)
      clients.append(client)
      let sender = PushSender(
        pool: pool,
        provider: WebhookPushProvider(
          client: client, url: url, secret: Array(secret.utf8), timeout: options.push.timeout),
        presence: LeasePresence(redis: services.redis, store: services.presence), loop: loop,
        settings: PushSender.Settings(options.push))
      sender.report = { log.warning("a notification cannot be sent", ["error": .describing($0)]) }
      effects.append(PushFanout(members: options.inbox.maxMembers))
      push = sender
    }
    worker = InboxWorker(
      pool: pool, bus: services.bus, deadBus: deadBus, updates: updates, effects: effects, loop: loop,
      vault: services.vault, settings: InboxWorker.Settings(options.inbox))
    worker.report = { log.warning("the inbox worker failed; it tries again", ["error": .describing($0)]) }
    worker.parked = { event, key, failure in
      log.error(
        "an event is parked",
        ["event_id": .describing(event), "conversation_id": .describing(key), "error": .describing(failure)])
    }
    self.clients = clients
    self.webhooks = webhooks
    self.push = push
    let sender = push
    worker.committed = { [unowned webhooks] in
      webhooks.wake()
      sender?.wake()
    }
    services.metrics.watch(worker, updates)
    services.metrics.watch(webhooks)
    if let push { services.metrics.watch(push) }
    // Another Redis, perhaps an empty one: what it had of the bus may be lost.
    let before = services.redis.onConnect
    services.redis.onConnect = { [unowned worker] server, generation in
      before?(server, generation)
      if generation > 1 { worker.compareSoon() }
    }
  }

  /// On the shard's loop.
  func start() {
    webhooks.start()
    push?.start()
    joining = loop.start { [self] in await join() }
  }

  private func join() async {
    var failures = 0
    while !Task.isCancelled {
      do {
        try await bus.prepare()
        try await deadBus.prepare()
        return worker.start()
      } catch {
        if failures == 0 { log.warning("the bus is not ready for the inbox worker", ["error": .describing(error)]) }
        failures += 1
        try? await loop.sleep(for: .milliseconds(min(2000, 100 << min(failures, 5))))
      }
    }
  }

  /// Finishes what is in hand; before the connections to the backends are closed.
  func stop() async {
    joining?.cancel()
    await joining?.value
    await worker.stop()
    await webhooks.stop()
    await push?.stop()
    for client in clients { client.close() }
    await deadBus.close()
  }
}

extension Application.Parts {
  /// The topic of dead letters.
  fileprivate func deadBus(redis: RedisClient, loop: EventLoop) -> any EventBus {
    guard let kafka else {
      var settings = RedisStreamBus.Settings(options.bus)
      settings.topic += ".dead"
      settings.partitions = 1
      return RedisStreamBus(
        redis: redis, configuration: redisConfiguration(name: "chatd-dead"), loop: loop, settings: settings)
    }
    var settings = KafkaBus.Settings(options.settings)
    settings.topic += ".dead"
    settings.partitions = 1
    return KafkaBus(kafka, loop: loop, settings: settings)
  }
}

extension ShardMetrics {
  fileprivate func watch(_ worker: InboxWorker, _ updates: InboxUpdates) {
    let events = owner.counter(
      "chatd_inbox_events_total", "Events that the inbox worker had in hand, by what became of them.",
      labels: ["outcome"])
    let processed = events.with("processed")
    let repeated = events.with("repeated")
    let failed = events.with("failed")
    let parked = events.with("parked")
    let replayed = events.with("replayed")
    let caughtUp = events.with("caught_up")
    let alerts = owner.counter("chatd_inbox_alerts_total", "What members were told, by kind.", labels: ["kind"])
    let update = alerts.with("update")
    let mention = alerts.with("mention")
    onSample { [unowned worker, unowned updates] in
      processed.set(total: worker.counters.processed)
      repeated.set(total: worker.counters.repeated)
      failed.set(total: worker.counters.failed)
      parked.set(total: worker.counters.parked)
      replayed.set(total: worker.counters.replayed)
      caughtUp.set(total: worker.counters.caughtUp)
      update.set(total: updates.sent)
      mention.set(total: updates.mentions)
    }
  }

  fileprivate func watch(_ sender: WebhookSender) {
    let attempts = owner.counter(
      "chatd_webhook_attempts_total", "Deliveries to webhooks that were tried, by how that ended.",
      labels: ["outcome"])
    let delivered = attempts.with("delivered")
    let failed = attempts.with("failed")
    let parked = attempts.with("parked")
    let disabled = owner.counter("chatd_webhooks_disabled_total", "Webhooks that failed for too long.").with()
    onSample { [unowned sender] in
      delivered.set(total: sender.counters.delivered)
      failed.set(total: sender.counters.failed)
      parked.set(total: sender.counters.parked)
      disabled.set(total: sender.counters.disabled)
    }
  }

  fileprivate func watch(_ sender: PushSender) {
    let notifications = owner.counter(
      "chatd_push_total", "Notifications, by what became of them.", labels: ["outcome"])
    let pushed = notifications.with("pushed")
    let online = notifications.with("online")
    let failed = notifications.with("failed")
    let dropped = notifications.with("dropped")
    onSample { [unowned sender] in
      pushed.set(total: sender.counters.pushed)
      online.set(total: sender.counters.online)
      failed.set(total: sender.counters.failed)
      dropped.set(total: sender.counters.dropped)
    }
  }
}
