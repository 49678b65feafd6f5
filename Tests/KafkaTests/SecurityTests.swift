import Networking
import TestSupport
import Testing

@testable import Kafka

/// TLS with a certificate of ours, and SASL, against a broker that asks for both.
@Suite("Kafka's security", .enabled(if: TestKafka.canStart, "no Kafka to start: see TestKafka"))
struct SecurityTests {
  /// An authority, and certificates of it for the broker and for us.
  private static func certificates(in folder: String) async throws {
    func openssl(_ arguments: String) async throws {
      let words = arguments.split(separator: " ").map(String.init)
      let result = try await TestProcess.run("/usr/bin/openssl", words, directory: folder)
      guard result.exit == .code(0) else { throw TestFailure("openssl \(arguments): \(result.output)") }
    }
    try await openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem")
    try await openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout other.key -out other.pem")
    try FileText.write("subjectAltName=IP:127.0.0.1", to: "\(folder)/names")
    for name in ["broker", "client"] {
      try await openssl("req -newkey rsa:2048 -nodes -subj /CN=\(name) -keyout \(name).key -out \(name).csr")
      try await openssl(
        "x509 -req -days 2 -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out \(name).pem")
    }
    let pair = try FileText.read("\(folder)/broker.key") + FileText.read("\(folder)/broker.pem")
    try FileText.write(pair, to: "\(folder)/broker.both")
    let client = try FileText.read("\(folder)/client.key") + FileText.read("\(folder)/client.pem")
    try FileText.write(client, to: "\(folder)/client.both")
  }

  @Test("TLS in both directions and a password by SASL; without either, or with a wrong one, the error says so")
  func security() async throws {
    let folder = try TemporaryFolder.make()
    try await Self.certificates(in: folder)
    let login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule"
    let configuration: @Sendable (String) -> KafkaConfiguration = { broker in
      var tls = KafkaConfiguration.TLS()
      tls.authorities = "\(folder)/ca.pem"
      tls.certificate = "\(folder)/client.pem"
      tls.key = "\(folder)/client.key"
      var configuration = KafkaConfiguration(brokers: [broker])
      configuration.security = .sasl(.init(.plain, username: "chatd", password: "secret"), tls)
      return configuration
    }
    let broker = try await KafkaBroker.start(
      in: "\(folder)/kafka",
      settings: [
        "listener.security.protocol.map=CLIENT:SASL_SSL,CONTROLLER:PLAINTEXT",
        "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol=PLAIN", "ssl.client.auth=required",
        "listener.name.client.plain.sasl.jaas.config=\(login) username=\"chatd\" password=\"secret\" user_chatd=\"secret\";",
        "listener.name.client.scram-sha-512.sasl.jaas.config=\(scram) required;",
        "ssl.keystore.type=PEM", "ssl.keystore.location=\(folder)/broker.both", "ssl.truststore.type=PEM",
        "ssl.truststore.location=\(folder)/ca.pem",
      ], configuration: configuration)
    let good = configuration(broker.address)
    try await Fixture.with(on: good) { kafka in
      try await kafka.produce([kafka.record("", "x")])
      let seen = Seen()
      let consumer = try kafka.consumer { seen.records += $0 }
      try await eventually("it") { seen.records.count == 1 }
      await consumer.close()
    }
    guard case .sasl(let sasl, let tls?) = good.security else { throw TestFailure("no security") }
    var wrongPassword = good
    wrongPassword.security = .sasl(.init(.plain, username: sasl.username, password: "wrong"), tls)
    #expect(try await Self.error(of: wrongPassword).contains { $0.name == "_AUTHENTICATION" && !$0.isRetriable })
    var foreign = tls
    foreign.authorities = "\(folder)/other.pem"
    var unknownAuthority = good
    unknownAuthority.security = .sasl(sasl, foreign)
    #expect(try await Self.error(of: unknownAuthority).contains { $0.name == "_SSL" && !$0.isRetriable })
    var noTLS = good
    noTLS.security = .plaintext
    #expect(try await !Self.error(of: noTLS).isEmpty)
    // SCRAM (RFC 5802), where the password itself is never sent: a user that is made while the broker runs.
    try FileText.write(
      """
      security.protocol=SASL_SSL
      sasl.mechanism=PLAIN
      sasl.jaas.config=\(login) username="chatd" password="secret";
      ssl.keystore.type=PEM
      ssl.keystore.location=\(folder)/client.both
      ssl.truststore.type=PEM
      ssl.truststore.location=\(folder)/ca.pem
      """, to: "\(folder)/administrator.properties")
    let made = try await TestProcess.run(
      try #require(TestKafka.program),
      [
        "configs", "--bootstrap-server", broker.address, "--command-config", "\(folder)/administrator.properties",
        "--alter", "--entity-type", "users", "--entity-name", "salted", "--add-config",
        "SCRAM-SHA-512=[iterations=8192,password=another]",
      ])
    #expect(made.exit == .code(0), "\(made.output)")
    var salted = good
    salted.security = .sasl(.init(.scramSHA512, username: "salted", password: "another"), tls)
    if KafkaHandle.hasBrokenSCRAM {
      // Debian's librdkafka: the error must not send anybody after the password.
      let errors = try await Self.error(of: salted)
      #expect(errors.contains { $0.name == "_AUTHENTICATION" && "\($0)".contains("whatever the password") })
    } else {
      try await Fixture.with(on: salted) { kafka in try await kafka.produce([kafka.record("", "x")]) }
    }
    salted.security = .sasl(.init(.scramSHA512, username: "salted", password: "secret"), tls)
    #expect(try await Self.error(of: salted).contains { $0.name == "_AUTHENTICATION" && !$0.isRetriable })
    try await broker.stop()
  }

  /// What a client that cannot get in is told.
  private static func error(of configuration: KafkaConfiguration) async throws -> [KafkaError] {
    try await withLoop { loop in
      let admin = try KafkaAdmin(configuration, loop: loop, timeout: .seconds(2))
      let seen = Seen()
      admin.onError = { seen.errors.append($0) }
      await #expect(throws: KafkaError.self) { try await admin.metadata() }
      try await eventually("an error") { !seen.errors.isEmpty }
      await admin.close()
      return seen.errors
    }
  }
}
