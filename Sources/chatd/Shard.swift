import ChatKit
import HTTP
import Networking
import Postgres
import Primitives
import Redis
import SocketIO

/// One loop with all that it serves: its own connections to the backends, its own services, its own rooms. Shards
/// share nothing but the port.
final class Shard: @unchecked Sendable {
  let loop: EventLoop
  private let log: Log
  private let pool: PostgresPool
  private let writerPool: PostgresPool
  private let redis: RedisClient
  private let publisher: OutboxPublisher
  private let writer: MessageWriter
  private var subscriber: RedisSubscriber?
  private var sockets: SocketIOServer?
  private(set) var hub: Hub?
  private var server: HTTPServer?
  /// Once a process, on the first shard.
  private var relay: OutboxRelay?
  private var housekeeping: Housekeeping?
  private var subscription: (any BusSubscription)?

  init(
    parts: Application.Parts, loop: EventLoop, index: Int, passwords: PasswordHasher,
    sockets servers: SocketIOServerGroup,
    port: UInt16, hasBackground: Bool
  ) async throws {
    let log = parts.log
    let role = parts.options.role
    self.loop = loop
    self.log = log
    let options = parts.options
    pool = PostgresPool(parts.postgres(name: "chatd"), loop: loop)
    var writing = parts.postgres(name: "chatd writer")
    writing.poolSize = 1
    // A store that hangs is given up in time to tell the senders.
    writing.statementTimeout = options.messages.patience * 4 / 5
    writerPool = PostgresPool(writing, loop: loop)
    redis = RedisClient(parts.redisConfiguration(name: "chatd"), loop: loop)
    let bus = RedisStreamBus(
      redis: redis, configuration: parts.redisConfiguration(name: "chatd-bus"), loop: loop,
      settings: RedisStreamBus.Settings(options.bus))
    publisher = OutboxPublisher(bus: bus, pool: pool, loop: loop)
    publisher.report = { log.warning("the bus is away; events wait in the outbox", ["error": "\($0)"]) }
    let publisher = publisher
    writer = MessageWriter(store: writerPool, loop: loop, limits: MessageWriter.Limits(options.messages)) { stored in
      publisher.publish(stored.map(\.event.busEvent))
    }
    writer.log = { log.error("the store refused a message", ["error": String(reflecting: $0)]) }
    let store = MessageStore(pool: pool)
    let messages = MessageService(writer: writer, store: store, limits: MessageService.Limits(options.messages))
    let emitter = RoomEmitter(redis: redis)

    if role.servesSockets {
      let subscriber = RedisSubscriber(parts.redisConfiguration(name: "chatd-rooms"), loop: loop)
      let hub = Hub(
        loop: loop, store: store, redis: redis, subscriber: subscriber, log: log, limits: Hub.Limits(options.sockets))
      try await hub.start()
      let sockets = servers.servers[index]
      SocketEvents(hub: hub, messages: messages, tokens: parts.secrets.tokenKeys, loop: loop, log: log)
        .attach(to: sockets)
      self.subscriber = subscriber
      self.hub = hub
      self.sockets = sockets
    }

    let router = Router()
    router.use(Authentication.middleware(parts.secrets.tokenKeys))
    router.problem = { error, _ in ChatError(mapping: error, log: log).problem }
    HealthRoutes(role: role, pool: pool, redis: redis).add(to: router)
    if role.servesAPI {
      let accounts = AccountService(
        pool: pool, passwords: passwords, keys: parts.secrets.tokenKeys, successorKey: parts.secrets.sessionKey,
        settings: AccountService.Settings(options.accounts))
      let conversations = ConversationService(pool: pool, publisher: publisher)
      AuthRoutes(accounts: accounts).add(to: router)
      ConversationRoutes(accounts: accounts, conversations: conversations, messages: messages, emitter: emitter)
        .add(to: router)
      MessageRoutes(messages: messages).add(to: router)
    }

    if let sockets {
      router.mount("/socket.io/", pendingBody: { sockets.announce($0, $1) }) { sockets.handle($0, $1) }
    }
    server = try HTTPServer(configuration: HTTPServerConfiguration(options.settings, port: port), loop: loop) {
      router.handle($0, $1)
    }
    if sockets != nil { server?.onPendingBody = { router.announce($0, $1) } }

    if hasBackground {
      let relay = OutboxRelay(bus: bus, pool: pool, loop: loop, settings: OutboxRelay.Settings(options.outbox))
      relay.report = { log.warning("the outbox relay failed; it tries again", ["error": "\($0)"]) }
      relay.start()
      self.relay = relay
      let housekeeping = Housekeeping(
        pool: pool, idempotencyLifetime: options.messages.idempotencyLifetime, loop: loop, log: log)
      housekeeping.start()
      self.housekeeping = housekeeping
      if role.servesSockets {
        let consumer = BusConsumer(emitter: emitter)
        subscription = bus.subscribe(group: BusConsumer.group) { try await consumer.consume($0) }
      }
    }
  }

  var address: SocketAddress { server?.address ?? .loopback(port: 0) }

  /// Any thread.
  func stop() async {
    _ = try? await loop.submit { [self] in await stopOnLoop() }
  }

  private func stopOnLoop() async {
    await subscription?.close()
    await relay?.stop()
    await housekeeping?.stop()
    sockets?.close()
    await server?.close()
    // What was answered is in the outbox; what is still being published may finish, for a moment.
    var waits = 0
    while !publisher.isIdle, waits < 100 {
      try? await loop.sleep(for: .milliseconds(10))
      waits += 1
    }
    subscriber?.close()
    redis.close()
    await writerPool.close()
    await pool.close()
  }
}

extension Application.Parts {
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
