/// Where the brokers are and how they are spoken to.
package struct KafkaConfiguration: Sendable {
  /// How connections are protected.
  package enum Security: Sendable {
    case plaintext
    case tls(TLS)
    case sasl(SASL, TLS?)
  }

  /// Files in PEM; what is nil is the system's, or not used. The files are read when a client is made.
  package struct TLS: Sendable {
    package var authorities: String?
    package var certificate: String?
    package var key: String?
    package var keyPassword: String?
    /// Whether the broker's name must be the certificate's.
    package var verifiesHost = true

    package init() {}
  }

  /// A user and a password.
  package struct SASL: Sendable {
    package enum Mechanism: String, Sendable, CaseIterable {
      case plain = "PLAIN"
      case scramSHA256 = "SCRAM-SHA-256"
      case scramSHA512 = "SCRAM-SHA-512"
    }

    package var mechanism: Mechanism
    package var username: String
    package var password: String

    package init(_ mechanism: Mechanism, username: String, password: String) {
      self.mechanism = mechanism
      self.username = username
      self.password = password
    }
  }

  /// `host:port`, one or more to begin with; the rest is learned from them.
  package var brokers: [String]
  package var clientID = "chatd"
  package var security = Security.plaintext
  /// librdkafka's own settings; they override ours.
  package var properties: [String: String] = [:]

  package init(brokers: [String]) { self.brokers = brokers }

  /// `a:9092,b:9092`; nil when there is none.
  package init?(brokers list: String) {
    let brokers = list.split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
    guard !brokers.isEmpty else { return nil }
    self.init(brokers: brokers)
  }

  /// As librdkafka has them, in the order in which they are set.
  func settings(_ ours: [(String, String)]) -> [(String, String)] {
    var settings: [(String, String)] = [
      ("bootstrap.servers", brokers.joined(separator: ",")), ("client.id", clientID), ("log.queue", "true"),
      ("socket.keepalive.enable", "true"), ("socket.nagle.disable", "true"), ("socket.timeout.ms", "10000"),
      ("reconnect.backoff.ms", "50"), ("reconnect.backoff.max.ms", "1000"),
      // New partitions, and topics made anew, are noticed by then.
      ("topic.metadata.refresh.interval.ms", "30000"),
    ]
    switch security {
    case .plaintext: settings.append(("security.protocol", "plaintext"))
    case .tls(let tls):
      settings.append(("security.protocol", "ssl"))
      settings += Self.settings(tls)
    case .sasl(let sasl, let tls):
      settings.append(("security.protocol", tls == nil ? "sasl_plaintext" : "sasl_ssl"))
      settings += [
        ("sasl.mechanism", sasl.mechanism.rawValue), ("sasl.username", sasl.username),
        ("sasl.password", sasl.password),
      ]
      if let tls { settings += Self.settings(tls) }
    }
    settings += ours
    settings += properties.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    return settings
  }

  private static func settings(_ tls: TLS) -> [(String, String)] {
    var settings = [("ssl.endpoint.identification.algorithm", tls.verifiesHost ? "https" : "none")]
    if let file = tls.authorities { settings.append(("ssl.ca.location", file)) }
    if let file = tls.certificate { settings.append(("ssl.certificate.location", file)) }
    if let file = tls.key { settings.append(("ssl.key.location", file)) }
    if let password = tls.keyPassword { settings.append(("ssl.key.password", password)) }
    return settings
  }
}
