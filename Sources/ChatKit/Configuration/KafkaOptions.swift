package import Commands
package import Kafka

/// How Kafka is spoken to, where it is the bus.
package struct KafkaOptions: Sendable {
  package enum Security: String, Sendable, CaseIterable {
    case plaintext
    case tls
  }

  package enum Authentication: String, Sendable, CaseIterable {
    case none
    case plain
    case scramSHA256 = "scram-sha-256"
    case scramSHA512 = "scram-sha-512"
  }

  package let brokers: [HostPort]
  package let replication: Int?
  package let publishTimeout: Duration
  package let sessionTimeout: Duration
  package let patience: Duration
  package let security: Security
  package let authorities: String?
  package let certificate: String?
  package let key: String?
  package let keyPassword: Secret
  package let verifiesHost: Bool
  package let authentication: Authentication
  package let username: String?
  package let password: Secret

  init(_ settings: inout SettingReader) {
    settings.section("kafka", "Kafka", "How Kafka is spoken to, where it is the bus. docs/KAFKA.md has the whole.")
    brokers = settings.list(
      "kafka.brokers", .address(), atMost: 100, flag: "kafka", isCommon: true,
      "Brokers to begin with, HOST:PORT; the others are learned from them.")
    replication = settings.optional(
      "kafka.replication", .int(1...100), defaultText: "the brokers' own",
      "Copies of each partition, when the topic is made.")
    publishTimeout = settings.value(
      "kafka.publishTimeout", .duration(.milliseconds(100) ... .seconds(60)), default: .seconds(5),
      "How long an event may take before it is left to the outbox.")
    sessionTimeout = settings.value(
      "kafka.sessionTimeout", .duration(.seconds(1) ... .seconds(300)), default: .seconds(6),
      "How long a partition stays with a gateway that says nothing. Brokers refuse less than 6 seconds by default.")
    patience = settings.value(
      "kafka.patience", .duration(.seconds(1) ... .seconds(600)), default: .seconds(30),
      "How long a gateway may take for a batch of events before another gets them.")
    security = settings.value(
      "kafka.security", .choice("KIND"), default: .plaintext, "Whether connections are protected by TLS.")
    authorities = settings.optional(
      "kafka.caFile", .file, defaultText: "the system's",
      "Certificates of the authorities, PEM, that brokers are known by.")
    certificate = settings.optional(
      "kafka.certificateFile", .file, "Our certificate, PEM, for brokers that ask for one.")
    key = settings.optional("kafka.keyFile", .file, "The private key of our certificate, PEM.")
    keyPassword = settings.secret("kafka.keyPassword", "The file with the password of the private key.")
    verifiesHost = settings.flag(
      "kafka.verifyHost", default: true, "Whether a broker's certificate must be for its name.")
    authentication = settings.value(
      "kafka.authentication", .choice("KIND"), default: .none, "How we say who we are (SASL).")
    username = settings.optional("kafka.username", .string("NAME", example: "chatd"), "Who we are.")
    password = settings.secret("kafka.password", "The file with the password.")
  }

  /// With the secrets read from their files. Throws `ConfigurationError`.
  package func configuration() throws(ConfigurationError) -> KafkaConfiguration {
    var configuration = KafkaConfiguration(brokers: brokers.map(\.description))
    var tls: KafkaConfiguration.TLS?
    if security == .tls {
      var settings = KafkaConfiguration.TLS()
      settings.authorities = authorities
      settings.certificate = certificate
      settings.key = key
      settings.keyPassword = try keyPassword.read()
      settings.verifiesHost = verifiesHost
      tls = settings
    }
    let mechanism: KafkaConfiguration.SASL.Mechanism? =
      switch authentication {
      case .none: nil
      case .plain: .plain
      case .scramSHA256: .scramSHA256
      case .scramSHA512: .scramSHA512
      }
    if let mechanism {
      guard let username, let password = try password.read() else {
        throw ConfigurationError(
          .invalidInput, "kafka.authentication is \(authentication.rawValue): kafka.username and a password are needed")
      }
      configuration.security = .sasl(.init(mechanism, username: username, password: password), tls)
    } else if let tls {
      configuration.security = .tls(tls)
    }
    return configuration
  }
}
