import ChatKit
package import Redis
import Synchronization

/// A test's share of the shared Redis: a database of its own. Channels of pub/sub know no databases: name them with
/// `prefix`.
package struct TestRedis: Sendable {
  static let databases = 4096
  private static let counter = Atomic<Int>(0)

  /// The path of the Unix socket.
  package let socket: String
  package let database: Int
  /// Unique to this value.
  package let prefix: String

  /// Starts the shared servers on the first call.
  package static func make() async throws -> TestRedis {
    let servers = try await TestServers.shared
    let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
    return TestRedis(socket: servers.redisSocket, database: number % databases, prefix: "t\(number):")
  }

  /// For a client or subscriber in this database. Patient, for all tests run at once.
  package var configuration: RedisConfiguration {
    var configuration = RedisConfiguration(.unix(socket), database: database)
    configuration.commandTimeout = .seconds(60)
    return configuration
  }
}
