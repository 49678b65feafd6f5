import ChatKit
import Glibc
import Networking
import TestSupport
import Testing

/// What the events go over.
enum InvariantBus: String, Sendable, CustomTestStringConvertible {
  case redis
  case kafka
  /// Three brokers, each with all that is acknowledged.
  case kafkaCluster

  var testDescription: String { rawValue }
}

/// An API, two gateways, PostgreSQL, Redis and Kafka, each of which can be killed and brought back. On the test's loop.
final class Cluster: @unchecked Sendable {
  /// What was killed, and the proof that it was: the process before and after.
  struct Event: CustomStringConvertible {
    var name: String
    var before: Int32
    var after: Int32
    var note = ""

    var description: String { "\(name): pid \(before) -> \(after)\(note.isEmpty ? "" : ", \(note)")" }
  }

  let loop: EventLoop
  let bus: InvariantBus
  let servers: EmbeddedServers
  let brokers: [KafkaBroker]
  private(set) var api: Chatd
  private(set) var gateways: [Chatd]
  /// Processes of other roles.
  private(set) var workers: [Chatd] = []
  private(set) var events: [Event] = []
  let apiPort: UInt16
  let gatewayPorts: [UInt16]

  /// - Parameters:
  ///   - workers: roles of further processes.
  ///   - settings: options of all processes.
  init(loop: EventLoop, bus: InvariantBus, workers roles: [String] = [], settings: [String] = []) async throws {
    self.loop = loop
    self.bus = bus
    var options = EmbeddedOptions()
    options.isDurable = false
    servers = try await EmbeddedServers.start(in: "\(try TemporaryFolder.make())/data", options: options)
    var installation = try Installation(servers)
    let folder = "\(try TemporaryFolder.make())/kafka"
    brokers =
      switch bus {
      case .redis: []
      case .kafka: [try await KafkaBroker.start(in: folder)]
      case .kafkaCluster: try await KafkaBroker.startCluster(in: folder)
      }
    if !brokers.isEmpty {
      installation.options = ["--bus", "kafka"] + brokers.flatMap { ["--kafka", $0.address] }
    }
    installation.options += settings
    api = try await installation.start("api")
    gateways = [try await installation.start("gateway"), try await installation.start("gateway")]
    apiPort = api.port
    gatewayPorts = gateways.map(\.port)
    for role in roles { workers.append(try await installation.start(role)) }
  }

  func stop() async {
    for chatd in gateways + workers + [api] { _ = try? await chatd.process.stop() }
    await servers.stop()
    for broker in brokers { _ = try? await broker.kill() }
  }

  /// Runs SQL with psql.
  func sql(_ text: String) async throws -> String {
    let programs = servers.postgresPrograms ?? ""
    let result = try await TestProcess.run(
      "\(programs)/psql", ["-X", "-q", "-A", "-t", "-c", text, servers.postgresConnectionString])
    guard result.exit == .code(0) else { throw TestFailure(result.output) }
    return String(result.output.split(separator: "\n").first ?? "")
  }

  // MARK: Faults

  func killGateway(_ index: Int, away: Duration) async throws {
    let before = gateways[index]
    try await before.process.killNow()
    try await loop.sleep(for: away)
    gateways[index] = try await before.startAgain()
    record("gateway \(index) killed", before.process.pid, gateways[index].process.pid)
  }

  /// SIGTERM, as a deployment does.
  func replaceGateway(_ index: Int) async throws {
    let before = gateways[index]
    let exit = try await before.process.stop()
    guard exit == .code(0) else { throw TestFailure("gateway \(index) ended with \(exit): \(before.process.output)") }
    gateways[index] = try await before.startAgain()
    record("gateway \(index) replaced", before.process.pid, gateways[index].process.pid)
  }

  /// Stops it for longer than its leases; then it goes on with what it had in hand.
  func freezeGateway(_ index: Int, for duration: Duration) async throws {
    let gateway = gateways[index]
    gateway.process.signal(SIGSTOP)
    try await loop.sleep(for: duration)
    gateway.process.signal(SIGCONT)
    guard gateway.process.isRunning else { throw TestFailure("gateway \(index) ended while it was frozen") }
  }

  func killAPI(away: Duration) async throws {
    let before = api
    try await before.process.killNow()
    try await loop.sleep(for: away)
    api = try await before.startAgain()
    record("api killed", before.process.pid, api.process.pid)
  }

  func killWorker(_ index: Int, away: Duration) async throws {
    let before = workers[index]
    try await before.process.killNow()
    try await loop.sleep(for: away)
    workers[index] = try await before.startAgain()
    record("\(before.arguments.first ?? "worker") killed", before.process.pid, workers[index].process.pid)
  }

  func wipeRedis(away: Duration) async throws {
    let before = await servers.processID(of: .redis) ?? 0
    try await servers.kill(.redis)
    try await loop.sleep(for: away)
    try await servers.restart(.redis, wipe: true)
    record("redis killed and emptied", before, await servers.processID(of: .redis) ?? 0)
  }

  func killPostgres(away: Duration) async throws {
    let before = await servers.processID(of: .postgres) ?? 0
    try await servers.kill(.postgres)
    try await loop.sleep(for: away)
    try await servers.restart(.postgres)
    record("postgres killed", before, await servers.processID(of: .postgres) ?? 0)
  }

  /// Kill -9 of one broker, and its restart on its data.
  func killBroker(_ index: Int, away: Duration) async throws {
    let broker = brokers[index]
    let before = broker.pid
    try await broker.kill()
    try await loop.sleep(for: away)
    try await broker.startAgain()
    record("broker \(index) killed", before, broker.pid)
  }

  /// The state between commit and publish: without the bus, what is committed cannot be published. When the outbox holds
  /// a message that the API has stored, the API is killed. The bus comes back, Redis empty, and the API after it.
  func killAPIBetweenCommitAndPublish(senders: [String]) async throws {
    let redis = await servers.processID(of: .redis) ?? 0
    let brokerPids = brokers.map(\.pid)
    if brokers.isEmpty { try await servers.kill(.redis) }
    for broker in brokers { try await broker.kill() }
    let list = senders.map { "'\($0)'" }.joined(separator: ",")
    let count = """
      SELECT count(*) FROM outbox o JOIN messages m ON m.conversation_id = o.conversation_id AND m.seq = o.seq
      WHERE m.sender_id IN (\(list))
      """
    try await eventually(within: .seconds(20), "an outbox row of the API") { try await sql(count) != "0" }
    let before = api
    try await before.process.killNow()
    let left = try await sql(count)
    guard left != "0" else { throw TestFailure("the outbox is empty after the API was killed") }
    if brokers.isEmpty {
      try await servers.restart(.redis, wipe: true)
      record("redis killed and emptied", redis, await servers.processID(of: .redis) ?? 0)
    }
    // Of three, two must be there before any is ready.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for broker in brokers { group.addTask { try await broker.startAgain() } }
      try await group.waitForAll()
    }
    for (index, broker) in brokers.enumerated() { record("broker \(index) killed", brokerPids[index], broker.pid) }
    api = try await before.startAgain()
    record("api killed between commit and publish", before.process.pid, api.process.pid, "\(left) rows were left")
  }

  private func record(_ name: String, _ before: Int32, _ after: Int32, _ note: String = "") {
    events.append(Event(name: name, before: before, after: after, note: note))
  }
}
