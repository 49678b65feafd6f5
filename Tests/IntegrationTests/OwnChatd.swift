import ChatKit
import Networking
import Synchronization
import TestSupport

private let databases = Atomic<Int>(0)

/// One chatd with everything, on a database and a Redis of its own.
/// - Parameters:
///   - limits: as `Installation.limits` has it.
///   - body: is given its Redis and the name of its database.
func withOwnChatd(
  _ options: [String], limits: String? = "100000000/1m",
  _ body: @escaping @Sendable (Stack, EmbeddedServers, String) async throws -> Void
) async throws {
  _ = try await TestServers.shared
  var services = EmbeddedOptions()
  services.services = [.redis]
  services.isDurable = false
  let redis = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: services)
  let database = "own_\(databases.wrappingAdd(1, ordering: .relaxed).newValue)"
  try await TestDatabase.sql("CREATE DATABASE \(database) TEMPLATE template0")
  var installation = Installation(
    postgres: try await TestDatabase.connectionString(to: database), redis: "unix://\(redis.redisSocket)",
    secrets: "\(try TemporaryFolder.make())/secrets")
  installation.limits = limits
  installation.options = options
  let chatd = try await installation.start("all")
  try await withLoop { loop in
    try await body(Stack(api: chatd, gateways: [chatd], loop: loop), redis, database)
  }
  try await chatd.process.stop()
  await redis.stop()
}
