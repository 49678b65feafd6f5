import ChatKit
import Networking
import Postgres
import Primitives
import Redis
import SocketIO

/// Everything put together by hand: one `Shard` a loop, and around them what there is once a process.
///
/// Lifecycle. `start` returns when every shard listens. `stop` turns new work away, finishes what is under way, closes
/// the sockets without a Socket.IO disconnect (so that clients come back elsewhere by themselves), and leaves the bus.
final class Application: Sendable {
  /// What all shards are made from.
  struct Parts: Sendable {
    var options: Options
    var postgres: PostgresConfiguration
    var redis: RedisConfiguration
    var secrets: Secrets
    var log: Log
  }

  private let parts: Parts
  private let group: EventLoopGroup
  private let shards: [Shard]

  private init(parts: Parts, group: EventLoopGroup, shards: [Shard]) {
    self.parts = parts
    self.group = group
    self.shards = shards
  }

  var address: SocketAddress { shards[0].address }

  /// Starts the shards. Throws `NetworkError` where the port cannot be had; nothing is left running then.
  static func start(_ parts: Parts) async throws -> Application {
    let group = EventLoopGroup(count: parts.options.loops ?? ProcessInformation.cores)
    let passwords = PasswordHasher(parts.options.accounts)
    let sockets = SocketIOServerGroup(configuration: SocketIOConfiguration(parts.options), loops: group.loops)
    var shards: [Shard] = []
    do {
      for (index, loop) in group.loops.enumerated() {
        let port = shards.first?.address.port ?? parts.options.http.listen.port
        let isFirst = index == 0
        let shard = try await loop.submit {
          try await Shard(
            parts: parts, loop: loop, index: index, passwords: passwords, sockets: sockets, port: port,
            hasBackground: isFirst)
        }
        shards.append(shard)
      }
    } catch {
      for shard in shards { await shard.stop() }
      group.stop()
      throw error
    }
    return Application(parts: parts, group: group, shards: shards)
  }

  /// Applies the settings that can change while it runs (`isReloadable`); the others are as they were at the start.
  func reload(_ options: Options) {}

  func stop() async {
    await withTaskGroup(of: Void.self) { tasks in
      for shard in shards { tasks.addTask { await shard.stop() } }
    }
    group.stop()
  }
}
