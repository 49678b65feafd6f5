import ChatKit
import Curl
import HTTP
import Kafka
import Logging
import Networking
import Postgres
import Primitives
import Redis
import SocketIO

/// One loop with all that it serves: its own connections to the backends, its own services, its own rooms. Shards
/// share nothing but the port.
final class Shard: @unchecked Sendable {
  let loop: EventLoop
  let log: Log
  private let tokens: TokenVerifier
  private var sessionWatch: SessionWatch?
  let pool: PostgresPool
  private let writerPool: PostgresPool
  private let redis: RedisClient
  private let bus: any EventBus
  private let publisher: OutboxPublisher
  let vault: MessageVault
  private let writer: MessageWriter
  private let cursors: CursorWriter
  private var subscriber: RedisSubscriber?
  private var sockets: SocketIOServer?
  private(set) var hub: Hub?
  private var server: HTTPServer?
  /// Once a process, on the first shard.
  private var relay: OutboxRelay?
  private var housekeeping: Housekeeping?
  private var indexer: SearchIndexer?
  private var backlogWatch: BacklogWatch?
  private var files: AttachmentStorage.Opened?
  private var presence: PresenceRole?
  private var inbox: InboxRole?
  private let calls: CallService
  private var callSweeper: CallSweeper?
  private var subscription: (any BusSubscription)?
  private let limits: CallLimits?
  private let filter: MessageFilter
  private let filterClient: CurlClient?
  let metrics: ShardMetrics
  private var joining: Task<Void, Never>?

  init(
    parts: Application.Parts, loop: EventLoop, index: Int, passwords: PasswordHasher,
    sockets servers: SocketIOServerGroup,
    port: UInt16, hasBackground: Bool
  ) async throws {
    let log = parts.log
    let role = parts.options.role
    self.loop = loop
    self.log = log
    let tokens = TokenVerifier(parts.secrets.tokenKeys)
    self.tokens = tokens
    let options = parts.options
    metrics = ShardMetrics(registry: parts.registry, index: index)
    let metrics = metrics
    loop.tickObserver = metrics.loop
    pool = PostgresPool(parts.postgres(name: "chatd"), loop: loop)
    var writing = parts.postgres(name: "chatd writer")
    writing.poolSize = 1
    // A store that hangs is given up in time to tell the senders.
    writing.statementTimeout = options.messages.patience * 4 / 5
    writerPool = PostgresPool(writing, loop: loop)
    redis = RedisClient(parts.redisConfiguration(name: "chatd"), loop: loop)
    let bus = parts.bus(redis: redis, loop: loop)
    self.bus = bus
    publisher = OutboxPublisher(bus: bus, pool: pool, loop: loop)
    publisher.report = { log.warning("the bus is away; events wait in the outbox", ["error": .describing($0)]) }
    let publisher = publisher
    let encoding = options.bus.encoding
    let vault = MessageVault(parts.encryption.keys, pool: pool)
    self.vault = vault
    metrics.watch(vault)
    writer = MessageWriter(
      store: writerPool, loop: loop, limits: MessageWriter.Limits(options.messages), vault: vault
    ) { stored in
      metrics.stored(stored, log)
      publisher.publish(stored.map { $0.event.busEvent(as: encoding) })
    }
    publisher.published = { metrics.published($0, log) }
    metrics.watch(pool, named: "main")
    metrics.watch(writerPool, named: "writer")
    metrics.watch(redis)
    metrics.watch(writer)
    metrics.watch(publisher)
    writer.log = { log.error("the store refused a message", ["error": .reflecting($0)]) }
    let store = MessageStore(pool: pool, vault: vault)
    let messages = MessageService(
      writer: writer, store: store, loop: loop,
      limits: MessageService.Limits(options.messages, options.attachments))
    let policies = WorkspacePolicies(pool: pool, loop: loop)
    (filter, filterClient) = try Self.filter(parts, policies, loop: loop, log: log)
    messages.filter = filter
    metrics.watch(filter)
    let editor = MessageEditor(store: store, messages: messages, publisher: publisher, encoding: encoding)
    let emitter = RoomEmitter(redis: redis)
    cursors = Self.cursorWriter(store: pool, publisher: publisher, emitter: emitter, encoding: encoding, log: log)
    metrics.watch(cursors)
    let receipts = ReceiptService(writer: cursors, pool: pool)

    let presenceStore = PresenceStore(redis: redis, settings: PresenceSettings(options.presence))
    let presenceService = PresenceService(
      pool: pool, store: presenceStore, limits: PresenceService.Limits(options.presence))
    let limits = options.limits.enabled ? CallLimits(options.limits, redis: redis, policies: policies, loop: loop) : nil
    self.limits = limits
    if let limits { metrics.watch(limits) }

    calls = CallService(
      pool: pool, publisher: publisher, emitter: emitter, loop: loop, encoding: encoding,
      limits: CallService.Limits(options.calls))
    let calls = calls
    metrics.watch(calls)

    if role.servesSockets {
      let subscriber = RedisSubscriber(parts.redisConfiguration(name: "chatd-rooms"), loop: loop)
      let watch = SessionWatch(pool: pool, loop: loop, log: log)
      sessionWatch = watch
      let hub = Hub(
        loop: loop, store: store, watch: watch, redis: redis, subscriber: subscriber, log: log, hops: metrics.hops,
        presence: PresenceWatch(
          service: presenceService, loop: loop, log: log, maxSubscriptions: options.presence.maxSubscriptions),
        leases: PresenceLeases(store: presenceStore, loop: loop), recovery: Recovery.Limits(options.sockets),
        limits: Hub.Limits(options.sockets))
      try await hub.start()
      let sockets = servers.servers[index]
      SocketEvents(
        hub: hub, messages: messages, editor: editor, receipts: receipts, calls: calls, tokens: tokens, loop: loop,
        log: log,
        metrics: metrics.events, limits: limits
      )
      .attach(to: sockets)
      metrics.watch(sockets, hub)
      metrics.watchPresence(of: hub, log)
      self.subscriber = subscriber
      self.hub = hub
      self.sockets = sockets
    }

    let files = parts.attachments?.open(on: loop)
    self.files = files
    let router = Router()
    if let policy = CORSPolicy(options.http.corsOrigins) { router.use(CrossOrigin.middleware(policy)) }
    router.use(Authentication.middleware(tokens, limits))
    let errors = metrics.errors
    router.problem = { error, context in
      let mapped = ChatError(mapping: error, log: log.with(context.logFields))
      errors.count(mapped)
      var problem = mapped.problem
      if let refusal = error as? LimitRefusal { refusal.quota.write(to: &problem.headers) }
      return problem
    }
    HealthRoutes(role: role, pool: pool, redis: redis).add(to: router)
    parts.description.add(to: router)
    if role.servesPresence { PresenceRoutes(presence: presenceService).add(to: router) }
    parts.pages.add(to: router)
    if role.servesAPI {
      let accounts = AccountService(
        pool: pool, passwords: passwords, tokens: tokens, successorKey: parts.secrets.sessionKey, rooms: emitter,
        settings: AccountService.Settings(options.accounts))
      let conversations = ConversationService(
        pool: pool, publisher: publisher, encoding: options.bus.encoding, vault: vault,
        encryption: options.encryption.mode)
      AuthRoutes(accounts: accounts, tokens: tokens).add(to: router)
      SessionRoutes(accounts: accounts).add(to: router)
      UserRoutes(accounts: accounts).add(to: router)
      ConversationRoutes(accounts: accounts, conversations: conversations, messages: messages, emitter: emitter)
        .add(to: router)
      MessageRoutes(messages: messages, editor: editor, search: MessageSearch(pool: pool), log: log).add(to: router)
      InboxRoutes(conversations: conversations).add(to: router)
      ChannelRoutes(accounts: accounts, conversations: conversations, emitter: emitter).add(to: router)
      ReceiptRoutes(receipts: receipts).add(to: router)
      WebhookRoutes(accounts: accounts, webhooks: WebhookService(pool: pool)).add(to: router)
      PushRoutes(devices: PushDevices(pool: pool)).add(to: router)
      if let files {
        AttachmentRoutes(
          attachments: AttachmentService(
            pool: pool, store: files.store, limits: AttachmentService.Limits(options.attachments)),
          local: files.local
        )
        .add(to: router)
      }
      CallRoutes(calls: calls, iceServers: parts.iceServers).add(to: router)
      WorkspaceRoutes(workspaces: WorkspaceService(accounts: accounts)).add(to: router)
      BlockRoutes(blocks: BlockService(pool: pool), emitter: emitter).add(to: router)
      ReportRoutes(reports: ReportService(accounts: accounts, store: store, editor: editor)).add(to: router)
    }

    parts.description.publish(router.routes)
    if let sockets {
      router.mount("/socket.io/", pendingBody: { sockets.announce($0, $1) }) { sockets.handle($0, $1) }
    }
    router.observer = RequestRecorder(metrics.owner, log: log, accessLevel: options.log.requests ? .info : .debug)
    var listener = HTTPServerConfiguration(options.settings, port: port)
    listener.tls = parts.tls
    let server = try HTTPServer(configuration: listener, loop: loop) {
      router.handle($0, $1)
    }
    self.server = server
    metrics.watch(server)
    server.streamLimit = { router.streamLimit(of: $0) }
    if sockets != nil { server.onPendingBody = { router.announce($0, $1) } }

    if hasBackground {
      let relay = OutboxRelay(
        bus: bus, pool: pool, loop: loop, settings: OutboxRelay.Settings(options.outbox, options.bus))
      relay.report = { log.warning("the outbox relay failed; it tries again", ["error": .describing($0)]) }
      relay.start()
      metrics.watch(relay)
      let watch = BacklogWatch(pool: pool, bus: bus, loop: loop, owner: metrics.owner)
      watch.start()
      backlogWatch = watch
      self.relay = relay
      let housekeeping = Housekeeping(
        pool: pool, idempotencyLifetime: options.messages.idempotencyLifetime, eventMemory: options.inbox.memory,
        attachments: files.map { AttachmentCollector(pool: pool, store: $0.store) }, loop: loop, log: log)
      housekeeping.start()
      self.housekeeping = housekeeping
      let indexer = SearchIndexer(pool: pool, loop: loop)
      indexer.report = { log.warning("the search index cannot be filled", ["error": .describing($0)]) }
      indexer.start()
      self.indexer = indexer
      callSweeper = Self.callSweeper(calls, presenceStore, CallSweeper.Settings(options.calls), log)
      let services = Services(
        parts: parts, loop: loop, pool: pool, redis: redis, bus: bus, publisher: publisher, emitter: emitter,
        presence: presenceStore, vault: vault, metrics: metrics, log: log)
      if role.keepsPresence { presence = PresenceRole(services) }
      if role.worksInbox { inbox = try InboxRole(services) }
      presence?.start()
      inbox?.start()
      let consumer =
        role.servesSockets ? BusConsumer(emitter: emitter, vault: vault, hops: metrics.hops, log: log) : nil
      joining = loop.start { [self] in await joinBus(consumer) }
    }
  }

  /// Makes the bus ready, and a gateway a member. A bus that is away holds up nothing else: what is committed waits in the
  /// outbox until it is there.
  private func joinBus(_ consumer: BusConsumer?) async {
    var failures = 0
    while !Task.isCancelled {
      do {
        try await bus.prepare()
        guard !Task.isCancelled, let consumer else { return }
        subscription = bus.subscribe(group: BusConsumer.group) { try await consumer.consume($0) }
        return
      } catch {
        if failures == 0 {
          log.warning("the bus is not ready; events wait in the outbox", ["error": .describing(error)])
        }
        failures += 1
        try? await loop.sleep(for: .milliseconds(min(2000, 100 << min(failures, 5))))
      }
    }
  }

  /// Whether what this shard stands on is there. Any thread.
  func readiness(_ role: Options.Role) async -> [ReadinessCheck] {
    (try? await loop.submit { [self] in await checks(role) }) ?? []
  }

  /// A gateway without Redis hears nothing; an API without it stores messages all the same, and the outbox keeps their
  /// events.
  private func checks(_ role: Options.Role) async -> [ReadinessCheck] {
    let (pool, redis, bus) = (pool, redis, bus)
    var checks = [
      await ReadinessCheck.run("postgres", on: loop) { _ = try await pool.query("SELECT 1") },
      await ReadinessCheck.run("migrations", on: loop) { try await Migrator.checkIsCurrent(pool) },
      await ReadinessCheck.run("redis", isRequired: role.servesSockets, on: loop) { try await redis.ping() },
      await ReadinessCheck.run("bus", isRequired: false, on: loop) { try await bus.check() },
    ]
    if let subscriber {
      checks.append(
        ReadinessCheck(
          name: "rooms", failure: subscriber.isConnected ? nil : "the subscription to the rooms is broken",
          isRequired: true))
    }
    return checks
  }

  /// Of the process, which these shards are; for the first of them, on its loop.
  func registration(
    role: Options.Role, of shards: [Shard], keyVersions: @escaping @Sendable () async -> [Int32]
  ) -> NodeRegistration {
    let log = log
    let registration = NodeRegistration(
      role: role.rawValue, host: ProcessInformation.host, pid: ProcessInformation.id, pool: pool, loop: loop,
      connections: {
        var sum = (all: 0, sockets: 0)
        for shard in shards {
          let (all, sockets) =
            (try? await shard.loop.submit { (shard.server?.connections ?? 0, shard.sockets?.socketCount ?? 0) }) ?? (
              0, 0
            )
          sum = (sum.all + all, sum.sockets + sockets)
        }
        return sum
      }, keyVersions: keyVersions)
    registration.report = { log.warning("this node cannot be registered; it tries again", ["error": .describing($0)]) }
    return registration
  }

  /// What of this shard is drained. Any thread.
  var drained: NodeDrain.Part {
    NodeDrain.Part(
      hold: { [self] isHeld in _ = try? await loop.submit { [self] in sockets?.isHeld = isHeld } },
      shed: { [self] count in (try? await loop.submit { [self] in sockets?.shed(count) ?? 0 }) ?? 0 })
  }

  var address: SocketAddress { server?.address ?? .loopback(port: 0) }

  /// Other keys of access tokens from now on. Any thread.
  func replaceKeys(_ keys: SigningKeySet) async {
    _ = try? await loop.submit { [self] in tokens.replace(keys) }
  }

  /// Other words from now on. Any thread.
  func replaceWords(_ words: WordList) async {
    _ = try? await loop.submit { [self] in filter.words = words }
  }

  /// Any thread.
  func stop() async {
    _ = try? await loop.submit { [self] in await stopOnLoop() }
  }

  private func stopOnLoop() async {
    joining?.cancel()
    await joining?.value
    await subscription?.close()
    await inbox?.stop()
    await presence?.stop()
    await relay?.stop()
    await housekeeping?.stop()
    await indexer?.stop()
    await callSweeper?.stop()
    await backlogWatch?.stop()
    vault.refresh = {}
    metrics.end()
    loop.tickObserver = nil
    sockets?.close()
    await server?.close()
    await cursors.finish()
    // What was answered is in the outbox; what is still being published may finish, for a moment.
    var waits = 0
    while !publisher.isIdle, waits < 100 {
      try? await loop.sleep(for: .milliseconds(10))
      waits += 1
    }
    limits?.close()
    filterClient?.close()
    sessionWatch?.close()
    await hub?.close()
    await bus.close()
    files?.close()
    subscriber?.close()
    redis.close()
    await writerPool.close()
    await pool.close()
  }
}

extension Application.Parts {
  /// What events go over, for one loop.
  func bus(redis: RedisClient, loop: EventLoop) -> any EventBus {
    guard let kafka else {
      return RedisStreamBus(
        redis: redis, configuration: redisConfiguration(name: "chatd-bus"), loop: loop,
        settings: RedisStreamBus.Settings(options.bus))
    }
    let bus = KafkaBus(kafka, loop: loop, settings: KafkaBus.Settings(options.settings))
    let log = log
    bus.report = { error in
      // Brokers that come and go are Kafka's everyday life; what cannot be delivered is reported by who publishes.
      if error.isRetriable {
        log.info("Kafka", ["error": .describing(error)])
      } else {
        log.warning("Kafka", ["error": .describing(error)])
      }
    }
    return bus
  }

  func postgres(name: String) -> PostgresConfiguration {
    var configuration = postgres
    configuration.applicationName = name
    return configuration
  }

  func redisConfiguration(name: String) -> RedisConfiguration {
    var configuration = redis
    configuration.clientName = name
    return configuration
  }
}
