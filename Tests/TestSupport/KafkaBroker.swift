import Glibc
package import Kafka
import Networking

/// A Kafka broker of a test's own, which may be killed. It dies with the test process.
package final class KafkaBroker: @unchecked Sendable {
  package let directory: String
  package let port: UInt16
  private let settings: [String]
  private let configuration: @Sendable (_ address: String) -> KafkaConfiguration
  private var process: TestProcess

  private init(
    _ directory: String, _ port: UInt16, _ settings: [String], _ process: TestProcess,
    _ configuration: @escaping @Sendable (String) -> KafkaConfiguration = { KafkaConfiguration(brokers: [$0]) }
  ) {
    self.directory = directory
    self.configuration = configuration
    self.port = port
    self.settings = settings
    self.process = process
  }

  package var address: String { "127.0.0.1:\(port)" }
  package var pid: Int32 { process.pid }

  /// Starts one and waits until it takes requests.
  /// - Parameters:
  ///   - settings: lines for its server.properties.
  ///   - configuration: how it is spoken to, by its address.
  package static func start(
    in directory: String, port: UInt16? = nil, settings: [String] = [],
    configuration: @escaping @Sendable (String) -> KafkaConfiguration = { KafkaConfiguration(brokers: [$0]) },
    within limit: Duration = .seconds(90)
  ) async throws -> KafkaBroker {
    await starts.enter()
    do {
      let port = try port ?? FreePort.pick(2)
      let broker = KafkaBroker(
        directory, port, settings, try await launch(directory, port, settings), configuration)
      try await broker.waitUntilReady(limit)
      await starts.leave()
      return broker
    } catch {
      await starts.leave()
      throw error
    }
  }

  private static let starts = StartGate(2)

  /// Three of them as one cluster, with every topic on all three.
  package static func startCluster(in directory: String) async throws -> [KafkaBroker] {
    // All at once, lest one be given twice.
    let first = try FreePort.pick(6)
    let ports = [first, first + 2, first + 4]
    let voters = ports.enumerated().map { "\($0 + 1)@127.0.0.1:\($1 + 1)" }.joined(separator: ",")
    var brokers: [KafkaBroker] = []
    for (index, port) in ports.enumerated() {
      let settings = [
        "node.id=\(index + 1)", "controller.quorum.voters=\(voters)", "default.replication.factor=3",
        "offsets.topic.replication.factor=3", "min.insync.replicas=2",
      ]
      let folder = "\(directory)/\(index + 1)"
      brokers.append(KafkaBroker(folder, port, settings, try await launch(folder, port, settings)))
    }
    for broker in brokers { try await broker.waitUntilReady(.seconds(120)) }
    return brokers
  }

  private static func launch(_ directory: String, _ port: UInt16, _ settings: [String]) async throws -> TestProcess {
    guard let home = TestKafka.home else { throw TestFailure("no Kafka to start: CHATD_TEST_KAFKA_HOME names one") }
    _ = directory.split(separator: "/").reduce(into: "") { path, name in
      path += "/\(name)"
      mkdir(path, 0o755)
    }
    return try await TestProcess.start("\(home)/kafka", ["serve", directory, "\(port)"] + settings)
  }

  private func waitUntilReady(_ limit: Duration) async throws {
    let address = address
    let configuration = configuration(address)
    let process = process
    try await withLoop { loop in
      // A client a try: one that was turned away waits before it comes again.
      try await eventually(within: limit, "Kafka on \(address)") {
        guard process.isRunning else { throw TestFailure("Kafka has ended:\n\(process.output)") }
        let admin = try KafkaAdmin(configuration, loop: loop, timeout: .seconds(2))
        let brokers = try? await admin.metadata().brokers
        await admin.close()
        return brokers?.contains { $0.port == Int32(address.split(separator: ":")[1]) } == true
      }
    }
  }

  /// Kill -9, and waits for it.
  package func kill() async throws { try await process.killNow() }

  /// TERM, and waits.
  package func stop() async throws { try await process.stop() }

  /// Starts it again on its data.
  package func startAgain() async throws {
    process = try await Self.launch(directory, port, settings)
    try await waitUntilReady(.seconds(120))
  }
}
