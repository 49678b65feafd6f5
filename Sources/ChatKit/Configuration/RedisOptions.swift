import Commands
package import Primitives
package import Redis

/// What gateways talk through, and the bus where there is no Kafka.
package struct RedisOptions: Sendable {
  /// Without its password.
  package let url: RedisConfiguration?
  package let password: Secret
  package let connectTimeout: Duration
  package let commandTimeout: Duration
  package let queueLimit: Int
  package let maxBuffered: ByteCount

  init(_ settings: inout SettingReader) {
    settings.section("redis", "Redis", "What gateways talk through, and the bus where there is no Kafka.")
    url = settings.optional(
      "redis.url", .redis, flag: "redis", isCommon: true,
      "Redis: redis://[user@]host:6379/0, unix:///run/redis.sock, or by TLS rediss://host:6379/0?cacert=FILE.")
    password = settings.secret("redis.password", "The file with the password.")
    connectTimeout = settings.value(
      "redis.connectTimeout", .duration(.milliseconds(100) ... .seconds(300)), default: .seconds(5),
      "How long connecting and authenticating may take.")
    commandTimeout = settings.value(
      "redis.commandTimeout", .duration(.milliseconds(100) ... .seconds(300)), default: .seconds(5),
      "How long a command may take, the wait for a connection included.")
    queueLimit = settings.value(
      "redis.queueLimit", .int(1...10_000_000), default: 65_536,
      "Commands of one loop that may be on their way or waiting; more fail at once.")
    maxBuffered = settings.value(
      "redis.maxBuffered", .size(.mebibytes(1) ... .gibibytes(4)), default: .mebibytes(64),
      "What may wait for the connection to take it.")
  }
}
