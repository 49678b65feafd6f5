import ChatKit
import Commands
import HTTP
import Kafka
import Networking
import Postgres
import Redis

/// What a command talks to. Each is opened when it is asked for the first time, and closed at the command's end.
final class Connections: @unchecked Sendable {
  let options: ServerOptions
  let tool: ToolSettings
  let loop: EventLoop
  private let invocation: Invocation
  private var place: EmbeddedPlace?
  private var openPool: PostgresPool?
  private var openRedis: RedisClient?
  private var openKafka: KafkaAdmin?
  private var clients: [HTTPClient] = []

  init(_ invocation: Invocation, loop: EventLoop) {
    self.invocation = invocation
    self.loop = loop
    options = ServerOptions(invocation)
    tool = ToolSettings(invocation)
  }

  // MARK: Where

  /// The embedded folder's servers, where one was named. Throws `EmbeddedError`.
  func embedded() throws -> EmbeddedPlace? {
    if let place { return place }
    guard let folder = options.embedded, !isNamed("postgres.url"), !isNamed("redis.url") else { return nil }
    place = try EmbeddedPlace(folder)
    return place
  }

  /// Whether somebody names a thing that the embedded folder would have too, with no less weight: `--embedded` on the command
  /// line wins over a variable, that over a context. So it is in chatd.
  private func isNamed(_ path: String) -> Bool {
    let named = weight(path)
    return named > 0 && named >= weight("embedded")
  }

  private func weight(_ path: String) -> Int {
    guard let setting = ConnectionOptions.settings.first(where: { $0.path == path }) else { return 0 }
    return switch invocation.source(of: setting.parameter) {
    case .default: 0
    case .context: 1
    case .environment: 2
    case .commandLine: 3
    }
  }

  /// The folder of the keys. Throws `EmbeddedError`, and `UsageError` where nobody says.
  func secrets() throws -> String {
    if let folder = options.secrets, isNamed("secrets") { return folder }
    if let folder = try embedded()?.secrets { return folder }
    throw missing("secrets", "secrets")
  }

  /// The master key of messages: that of the file which chatd's configuration names, else master.key in the folder of the
  /// keys. Nil where nobody says where either is, and where there is none in the folder. Throws `ConfigurationError`,
  /// `EmbeddedError`, `KeyError`, `Secrets.Failure`.
  /// - Parameter isMade: make it in the folder where it is missing, as chatd does; then somebody has to say where that is.
  func masterKey(isMade: Bool = false) throws -> MasterKey? {
    if let named = try options.encryption.namedMasterKey() { return named }
    if isMade { return try Secrets(folder: secrets()).masterKey(isMade: true) }
    guard options.secrets != nil || options.embedded != nil else { return nil }
    return try Secrets.masterKey(in: secrets())
  }

  private func missing(_ path: String, _ name: String) -> UsageError {
    guard let setting = ServerOptions.settings.first(where: { $0.path == path }) else {
      return UsageError(.missingOption, "no \(name) is named")
    }
    return UsageError(
      .missingOption,
      "no \(name): give --\(setting.parameter.name) \(setting.parameter.schema.metavariable), \(setting.environment), "
        + "\(path) in a context or in chatd's configuration, or --embedded DIR")
  }

  // MARK: The store

  /// How PostgreSQL is reached. Throws `CommandError` and `EmbeddedError`.
  func postgresConfiguration() throws -> PostgresConfiguration {
    var configuration = PostgresConfiguration(options.postgres)
    configuration.applicationName = "chatctl"
    if isNamed("postgres.url") {
      configuration.password = try options.postgres.password.read()
    } else if let place = try embedded() {
      configuration.connectionString = place.postgresConnectionString
    } else {
      throw missing("postgres.url", "PostgreSQL")
    }
    return configuration
  }

  /// PostgreSQL.
  func postgres() throws -> PostgresPool {
    if let openPool { return openPool }
    let pool = PostgresPool(try postgresConfiguration(), loop: loop)
    openPool = pool
    return pool
  }

  // MARK: Redis

  func redisConfiguration() async throws -> RedisConfiguration {
    var configuration = RedisConfiguration(options.redis)
    if isNamed("redis.url") {
      configuration.password = try options.redis.password.read()
      do { try await configuration.tls?.prepare() } catch let error as TLSError {
        throw ConfigurationError(.invalidInput, "redis.url: \(error)")
      }
    } else if let place = try embedded() {
      configuration.address = .unix(place.redisSocket)
      // What a URL of less weight says besides means another Redis.
      (configuration.tls, configuration.username, configuration.database) = (nil, nil, 0)
    } else {
      throw missing("redis.url", "Redis")
    }
    return configuration
  }

  /// Redis. Commands wait for its connection and fail with `RedisError` when there is none in time.
  func redis() async throws -> RedisClient {
    if let openRedis { return openRedis }
    let client = RedisClient(try await redisConfiguration(), loop: loop)
    client.start()
    openRedis = client
    return client
  }

  // MARK: The bus

  /// Whether events go through Kafka; else through Redis Streams.
  var isKafka: Bool { options.bus.kind == .kafka }

  /// How Kafka is reached. Throws `CommandError`.
  func kafkaConfiguration() throws -> KafkaConfiguration {
    guard !options.kafka.brokers.isEmpty else { throw missing("kafka.brokers", "Kafka") }
    return try options.kafka.configuration()
  }

  /// Kafka's topics and groups.
  func kafka() throws -> KafkaAdmin {
    if let openKafka { return openKafka }
    let admin = try KafkaAdmin(try kafkaConfiguration(), loop: loop)
    openKafka = admin
    return admin
  }

  // MARK: chatd

  /// A client for `tool.url`, and for whatever else by HTTP.
  func http(_ configuration: HTTPClientConfiguration = HTTPClientConfiguration()) -> HTTPClient {
    let client = HTTPClient(configuration: configuration, loop: loop)
    clients.append(client)
    return client
  }

  /// A client for the admin listener, and the URL before its paths. Throws `EmbeddedError`, `UsageError`.
  func admin() throws -> (client: HTTPClient, url: String) {
    if let url = tool.adminURL, isNamed("adminURL") {
      return (http(), url.hasSuffix("/") ? String(url.dropLast()) : url)
    }
    guard let place = try embedded() else {
      throw UsageError(
        .missingOption,
        "no admin listener: give --admin-url URL, CHATD_ADMIN_URL, adminURL in a context, or --embedded DIR")
    }
    var configuration = HTTPClientConfiguration()
    configuration.address = SocketAddress(.unix(place.adminSocket))
    return (http(configuration), "http://localhost")
  }

  /// Closes all that was opened.
  func close() async {
    for client in clients { client.close() }
    openRedis?.close()
    await openPool?.close()
    await openKafka?.close()
  }
}
