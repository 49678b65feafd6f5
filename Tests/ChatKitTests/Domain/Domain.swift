import Networking
import Postgres
import Primitives
import Redis
import TestSupport

@testable import ChatKit

extension DatabaseTemplate {
  /// The whole schema.
  static let chat = DatabaseTemplate("chat") { connectionString in
    try await withLoop { loop in
      try await Migrator.with(PostgresConfiguration(connectionString: connectionString), loop: loop) { migrator in
        _ = try await migrator.up()
      }
    }
  }
}

/// The domain on a database of its own and a Redis database of its own, on one loop.
final class Domain: @unchecked Sendable {
  let loop: EventLoop
  let database: String
  let pool: PostgresPool
  let redis: RedisClient
  let redisConfiguration: RedisConfiguration
  let bus: RedisStreamBus
  let publisher: OutboxPublisher

  init(database: String, redis configuration: RedisConfiguration, loop: EventLoop) {
    self.loop = loop
    self.database = database
    redisConfiguration = configuration
    pool = Self.pool(database, size: 4, loop)
    redis = RedisClient(configuration, loop: loop)
    bus = RedisStreamBus(redis: redis, configuration: configuration, loop: loop, settings: Self.busSettings)
    publisher = OutboxPublisher(bus: bus, pool: pool, loop: loop)
  }

  static var busSettings: RedisStreamBus.Settings {
    var settings = RedisStreamBus.Settings()
    settings.lease = .milliseconds(600)
    settings.partitions = 4
    return settings
  }

  static func pool(_ database: String, size: Int, _ loop: EventLoop) -> PostgresPool {
    var configuration = PostgresConfiguration(connectionString: database)
    configuration.poolSize = size
    return PostgresPool(configuration, loop: loop)
  }

  /// Runs `body` on a loop with a fresh domain.
  static func with<Result: Sendable>(_ body: @escaping @Sendable (Domain) async throws -> Result) async throws -> Result
  {
    let redis = try await TestRedis.make()
    return try await withDatabase(template: .chat) { database in
      try await withLoop { loop in
        let domain = Domain(database: database, redis: redis.configuration, loop: loop)
        do {
          let result = try await body(domain)
          await domain.close()
          return result
        } catch {
          await domain.close()
          throw error
        }
      }
    }
  }

  func close() async {
    redis.close()
    await pool.close()
  }

  /// A writer with a connection of its own; `publishes` hands what it stored to the bus.
  func writer(
    on loop: EventLoop? = nil, limits: MessageWriter.Limits = .init(), publishes: Bool = false,
    vault: MessageVault? = nil
  ) -> MessageWriter {
    let loop = loop ?? self.loop
    let publisher = publisher
    return MessageWriter(store: Self.pool(database, size: 1, loop), loop: loop, limits: limits, vault: vault) {
      stored in
      guard publishes else { return }
      publisher.publish(stored.map(\.event.busEvent))
    }
  }

  /// A user whose password nobody knows.
  func user(_ name: String) async throws -> User {
    let id = UUID.v7()
    _ = try await pool.query(
      """
      INSERT INTO users (id, workspace_id, username, display_name, password_hash) VALUES ($1, $2, $3, $3, 'x')
      """, id, Workspace.main, name)
    return User(
      id: id, workspaceId: Workspace.main, username: name, displayName: name, role: .user, createdAt: .now())
  }

  /// A group; no event tells of who is in it.
  func group(_ creator: User, _ others: [User] = []) async throws -> UUID {
    let service = ConversationService(pool: pool, publisher: publisher)
    let id = try await service.create(.group, title: "test", members: [], by: creator).conversation.id
    _ = try await pool.query(
      "INSERT INTO participants (conversation_id, user_id) SELECT $1, unnest($2::uuid[])", id, others.map(\.id))
    return id
  }

  func count(_ sql: String) async throws -> Int64 {
    try await pool.run(PostgresStatement(unchecked: sql), PostgresParameters())[0].get(0, as: Int64.self)
  }
}

/// What happened elsewhere, for a test that waits on it. On one loop only.
final class Recorder<Element: Sendable>: @unchecked Sendable {
  var elements: [Element] = []
}
