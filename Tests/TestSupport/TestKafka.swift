import CLinux
import Glibc
package import Kafka
import Synchronization

/// A real Kafka for the tests: the brokers named by CHATD_TEST_KAFKA, else one started from the distribution in
/// CHATD_TEST_KAFKA_HOME, else from `../shared/kafka` beside the repository. Where there is none, tests that need it are
/// skipped and say so; with CHATD_TEST_KAFKA_REQUIRED they fail instead.
package enum TestKafka {
  /// What to say, loudly, of a test that is skipped.
  package static let absence: String? = {
    if variable("CHATD_TEST_KAFKA") != nil || variable("CHATD_TEST_KAFKA_REQUIRED") != nil { return nil }
    guard home == nil || !hasJava else { return nil }
    let reason =
      "no Kafka: name one by CHATD_TEST_KAFKA, or its distribution by CHATD_TEST_KAFKA_HOME (Java 17 runs it)"
    _ = "SKIPPED: \(reason)\n".withCString { write(2, $0, strlen($0)) }
    return reason
  }()

  /// For `.enabled(if:)`.
  package static var isThere: Bool { absence == nil }

  /// Whether brokers of a test's own can be started.
  package static var canStart: Bool { isThere && (home != nil || variable("CHATD_TEST_KAFKA_REQUIRED") != nil) }

  /// The folder with the program `kafka`.
  static let home: String? = {
    if let home = variable("CHATD_TEST_KAFKA_HOME") { return home }
    // Tests/TestSupport/TestKafka.swift is three levels down.
    let root = #filePath.split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" }
    let sibling = "\(root)/../shared/kafka"
    return access("\(sibling)/kafka", X_OK) == 0 ? sibling : nil
  }()

  /// The distribution's program, for its own tools.
  package static var program: String? { home.map { "\($0)/kafka" } }

  private static let hasJava = (variable("PATH") ?? "").split(separator: ":").contains {
    access("\($0)/java", X_OK) == 0
  }

  private static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  private static let starting = Task<KafkaConfiguration, any Error> {
    if let brokers = variable("CHATD_TEST_KAFKA").flatMap({ KafkaConfiguration(brokers: $0) }) { return brokers }
    let broker = try await KafkaBroker.start(in: "\(try TemporaryFolder.make())/kafka")
    return KafkaConfiguration(brokers: [broker.address])
  }

  /// The Kafka that all tests of this process share; started on the first call.
  package static var shared: KafkaConfiguration { get async throws { try await starting.value } }

  private static let counter = Atomic<Int>(0)

  /// Unique on the shared Kafka, also after a run that left something behind: for topics and groups.
  package static func name(_ text: String) -> String {
    "\(text)-\(getpid())-\(time(nil))-\(counter.wrappingAdd(1, ordering: .relaxed).newValue)"
  }
}
