import ChatKit
import JSON
import Kafka
import Networking
import TestSupport
import Testing

/// What events go over.
enum OperatedBus: String, Sendable, CaseIterable, CustomTestStringConvertible {
  case redis
  case kafka

  var testDescription: String { rawValue }

  static let all: [OperatedBus] = TestKafka.canStart ? [.redis, .kafka] : [.redis]
}

/// An installation of a test's own that chatctl is used on: `chatd all` on the shared PostgreSQL, a Redis of its own and, where
/// that is the bus, a Kafka of its own.
final class Operated: @unchecked Sendable {
  let installation: Installation
  let database: String
  let loop: EventLoop
  private let redis: EmbeddedServers
  private let broker: KafkaBroker?
  private(set) var chatd: Chatd

  /// How its Kafka is reached, where that is the bus.
  var kafka: KafkaConfiguration? { broker.map { KafkaConfiguration(brokers: [$0.address]) } }
  var redisSocket: String { redis.redisSocket }
  /// The admin listener of its chatd.
  let adminURL: String
  var stack: Stack { Stack(api: chatd, gateways: [chatd], loop: loop) }
  /// Where everything is, for chatctl.
  var connections: [String] {
    ["--postgres", installation.postgres, "--redis", installation.redis, "--url", chatd.url] + installation.options
  }

  private init(
    _ installation: Installation, _ database: String, _ loop: EventLoop, _ redis: EmbeddedServers,
    _ broker: KafkaBroker?, _ chatd: Chatd, _ adminURL: String
  ) {
    self.adminURL = adminURL
    self.installation = installation
    self.database = database
    self.loop = loop
    self.redis = redis
    self.broker = broker
    self.chatd = chatd
  }

  static func with(
    _ bus: OperatedBus, _ name: String, _ body: @escaping @Sendable (Operated) async throws -> Void
  ) async throws {
    try await withLoop { loop in
      let operated = try await start(bus, "\(name)_\(bus)", loop)
      do {
        try await body(operated)
        await operated.end()
      } catch {
        await operated.end()
        throw error
      }
    }
  }

  private static func start(_ bus: OperatedBus, _ name: String, _ loop: EventLoop) async throws -> Operated {
    _ = try await TestServers.shared
    try await TestDatabase.sql("CREATE DATABASE \(name) TEMPLATE template0")
    var options = EmbeddedOptions()
    options.services = [.redis]
    options.isDurable = false
    let redis = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: options)
    let broker = bus == .kafka ? try await KafkaBroker.start(in: "\(try TemporaryFolder.make())/kafka") : nil
    var installation = Installation(
      postgres: try await TestDatabase.connectionString(to: name), redis: "unix://\(redis.redisSocket)",
      secrets: "\(try TemporaryFolder.make())/secrets")
    if let broker { installation.options = ["--bus", "kafka", "--kafka", broker.address] }
    let admin = "127.0.0.1:\(try FreePort.pick())"
    installation.environment = ["CHATD_ADMIN_LISTEN": admin]
    let chatd = try await installation.start("all")
    return Operated(installation, name, loop, redis, broker, chatd, "http://\(admin)")
  }

  private func end() async {
    _ = try? await chatd.process.stop()
    await redis.stop()
    _ = try? await broker?.kill()
  }

  /// Ends chatd in good order.
  func stopChatd() async throws { _ = try await chatd.process.stop() }

  func startChatd() async throws { chatd = try await chatd.startAgain() }

  @discardableResult
  func sql(_ text: String) async throws -> String {
    try await TestDatabase.sql(text, database: database).split(separator: "\n").joined(separator: ",")
  }

  // MARK: chatctl

  /// Runs chatctl; what it says on both streams.
  func chatctl(
    _ arguments: [String], within limit: Duration = .seconds(60)
  ) async throws -> (exit: TestProcess.Exit, output: String) {
    try await TestProcess.run("chatctl", arguments + connections, within: limit)
  }

  /// Runs it with `-o ndjson`; the records among what it says.
  func records(_ arguments: [String]) async throws -> (exit: TestProcess.Exit, records: [JSONValue]) {
    let result = try await chatctl(arguments + ["-o", "ndjson"])
    let records = result.output.split(separator: "\n").filter { $0.hasPrefix("{") }.compactMap {
      try? JSONDocument(parsing: Array($0.utf8)).root
    }
    return (result.exit, records)
  }

  /// A group with messages in it: its id, and those of the messages.
  func talk(_ person: Person, _ others: [Person] = [], messages: Int) async throws -> (room: String, messages: [String])
  {
    let room = try await stack.group(person, others)
    var ids: [String] = []
    for number in 0..<messages {
      ids.append(try await stack.send("message \(number)", to: room, by: person).expect(201).string("id"))
    }
    return (room, ids)
  }
}

extension JSONValue {
  func text(_ key: String) -> String { self[key]?.string ?? "" }
  func number(_ key: String) -> Int? { self[key]?.int }
}
