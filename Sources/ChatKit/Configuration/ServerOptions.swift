package import Commands
package import Networking

/// All that a chatd is told: the settings of kind Server, by section. See Configuration.swift for how to add one.
package struct ServerOptions: Sendable {
  /// The folder of the private PostgreSQL and Redis; nil when they are somebody else's.
  package let embedded: String?
  /// The folder of the keys; nil for one within `embedded`.
  package let secrets: String?
  /// Nil for one a core.
  package let loops: Int?
  package let log: LogOptions
  package let http: HTTPOptions
  package let admin: AdminOptions
  package let tls: TLSOptions
  package let sockets: SocketOptions
  package let postgres: PostgresOptions
  package let redis: RedisOptions
  package let bus: BusOptions
  package let kafka: KafkaOptions
  package let accounts: AccountOptions
  package let messages: MessageOptions
  package let attachments: AttachmentOptions
  package let encryption: EncryptionOptions
  package let filter: FilterOptions
  package let outbox: OutboxOptions
  package let limits: LimitOptions
  package let inbox: InboxOptions
  package let webhooks: WebhookOptions
  package let push: PushOptions
  package let presence: PresenceOptions
  package let calls: CallOptions

  package init(_ settings: inout SettingReader) {
    settings.section("", "General", "What the process is and where it keeps what.")
    embedded = settings.optional(
      "embedded", .directory, isCommon: true,
      "Run a private PostgreSQL and Redis in this folder; no other service is needed then. For 'chatd all'.")
    secrets = settings.optional(
      "secrets", .directory, defaultText: "secrets/ in the embedded folder", isCommon: true,
      "The folder of the keys that sign tokens; made with new ones when it is empty.")
    loops = settings.optional(
      "loops", .int(1...256), defaultText: "cores", isCommon: true, "Event loops, each with a thread of its own.")
    log = LogOptions(&settings)
    http = HTTPOptions(&settings)
    admin = AdminOptions(&settings)
    tls = TLSOptions(&settings)
    sockets = SocketOptions(&settings)
    postgres = PostgresOptions(&settings)
    redis = RedisOptions(&settings)
    bus = BusOptions(&settings)
    kafka = KafkaOptions(&settings)
    accounts = AccountOptions(&settings)
    messages = MessageOptions(&settings)
    attachments = AttachmentOptions(&settings)
    encryption = EncryptionOptions(&settings)
    filter = FilterOptions(&settings)
    outbox = OutboxOptions(&settings)
    limits = LimitOptions(&settings)
    inbox = InboxOptions(&settings)
    webhooks = WebhookOptions(&settings)
    push = PushOptions(&settings)
    presence = PresenceOptions(&settings)
    calls = CallOptions(&settings)
  }

  /// The values that an invocation has.
  package init(_ invocation: Invocation) {
    var reader = SettingReader { invocation.texts(of: $0) }
    self.init(&reader)
  }

  /// Nothing but defaults.
  package static var defaults: ServerOptions {
    var reader = SettingReader { _ in nil }
    return ServerOptions(&reader)
  }

  /// The declarations, in their order.
  package static let settings = declarations.settings
  package static let sections = declarations.sections

  private static let declarations = {
    var reader = SettingReader { _ in nil }
    _ = ServerOptions(&reader)
    return (settings: reader.settings, sections: reader.sections)
  }()

  /// Values that are valid each by itself and cannot go together.
  package var conflicts: [SettingConflict] {
    var conflicts: [SettingConflict] = []
    func refuse(_ isWrong: Bool, _ paths: [String], _ reason: String) {
      if isWrong { conflicts.append(SettingConflict(paths: paths, reason: reason)) }
    }
    refuse(
      sockets.maxPayload > http.maxBody, ["sockets.maxPayload", "http.maxBody"],
      "a packet that a client polls with is a request's body")
    refuse(
      messages.maxBody > sockets.maxPayload, ["messages.maxBody", "sockets.maxPayload"],
      "a message that a socket sends is a packet")
    refuse(
      accounts.accessTokenLifetime > accounts.refreshTokenLifetime,
      ["accounts.accessTokenLifetime", "accounts.refreshTokenLifetime"], "an access token must not outlive its session")
    refuse(
      (tls.certificate == nil) != (tls.key == nil), ["tls.certificate", "tls.key"],
      "TLS needs a certificate and its key")
    return conflicts
  }

  /// Where to listen, but on another port.
  package func address(port: UInt16) -> SocketAddress {
    var address = http.listen
    address.port = port
    return address
  }
}
