import ChatKit
import Kafka
import Logging
import Metrics
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
    /// Nil without TLS.
    var tls: TLSServerContext?
    /// Nil where Redis is the bus.
    var kafka: KafkaConfiguration?
    var secrets: Secrets
    var encryption: Encryption
    var iceServers: IceServers
    /// Of the filter, as their file has them.
    var words: WordList
    var log: Log
    var registry: MetricRegistry
    /// Nil where no files are taken.
    var attachments: AttachmentStorage?
    /// Of the API.
    let description = APIDescription()
    let pages = PageRoutes()
  }

  private let parts: Parts
  private let group: EventLoopGroup
  private let shards: [Shard]
  private let node: NodeRegistration
  private let drain: NodeDrain
  private let keyWatch: KeyWatch

  private init(
    parts: Parts, group: EventLoopGroup, shards: [Shard], node: NodeRegistration, drain: NodeDrain, keyWatch: KeyWatch
  ) {
    self.drain = drain
    self.keyWatch = keyWatch
    self.node = node
    self.parts = parts
    self.group = group
    self.shards = shards
  }

  var address: SocketAddress { shards[0].address }
  var loops: [EventLoop] { group.loops }
  /// By loop.
  var metrics: [ShardMetrics] { shards.map(\.metrics) }

  /// Whether what the process stands on is there; the first shard speaks for all.
  func readiness() async -> [ReadinessCheck] {
    var checks = await shards[0].readiness(parts.options.role)
    if drain.isDraining {
      checks.append(ReadinessCheck(name: "drain", failure: "an operator drains this node", isRequired: true))
    }
    return checks
  }

  /// Starts the shards. Throws `NetworkError` where the port cannot be had; nothing is left running then.
  static func start(_ parts: Parts) async throws -> Application {
    // The loops share the port, so that each of them alone would not notice another chatd that has it.
    if parts.options.http.listen.port != 0 { try Listener.checkIsFree(parts.options.http.listen) }
    let group = EventLoopGroup(count: parts.options.loops ?? ProcessInformation.cores)
    let passwords = PasswordHasher(parts.options.accounts)
    ProcessMetrics.register(passwords, in: parts.registry)
    ProcessMetrics.register(parts.tls, in: parts.registry)
    // The servers hold each other until a shard closes them: none where no shard will.
    let sockets = SocketIOServerGroup(
      configuration: SocketIOConfiguration(parts.options), loops: parts.options.role.servesSockets ? group.loops : [])
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
    let all = shards
    let keyWatch = all[0].keyWatch(parts.encryption, of: all)
    let node = all[0].registration(role: parts.options.role, of: all, keyVersions: { keyWatch.keys.versions })
    let drain = NodeDrain(parts: all.map(\.drained), loop: all[0].loop, log: parts.log)
    _ = try? await all[0].loop.submit {
      node.drain = { await drain.set($0) }
      keyWatch.loaded = { try? await node.renew() }
      keyWatch.start()
      node.start()
    }
    return Application(parts: parts, group: group, shards: all, node: node, drain: drain, keyWatch: keyWatch)
  }

  /// Applies the settings that can change while it runs (`isReloadable`); the others are as they were at the start.
  func reload(_ options: Options) {}

  /// The keys of access tokens as their files have them now; blocks. Throws `Secrets.Failure`.
  func readTokenKeys() throws -> SigningKeySet { try parts.secrets.readTokenKeys() }

  /// Every shard signs and verifies with these from now on.
  func replaceKeys(_ keys: SigningKeySet) async {
    for shard in shards { await shard.replaceKeys(keys) }
  }

  /// Every shard looks for these words from now on.
  func replaceWords(_ words: WordList) async {
    for shard in shards { await shard.replaceWords(words) }
  }

  func stop() async {
    let (node, drain, keyWatch, loop) = (node, drain, keyWatch, shards[0].loop)
    _ = try? await loop.submit {
      drain.stop()
      await keyWatch.stop()
      await node.stop()
    }
    await withTaskGroup(of: Void.self) { tasks in
      for shard in shards { tasks.addTask { await shard.stop() } }
    }
    group.stop()
  }
}
