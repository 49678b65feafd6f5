import Commands

/// The store.
package struct PostgresOptions: Sendable {
  package let url: String?
  package let password: Secret
  package let poolSize: Int
  package let connectTimeout: Duration
  package let statementTimeout: Duration
  package let acquireTimeout: Duration
  package let queueLimit: Int
  package let idleTimeout: Duration
  package let maxLifetime: Duration

  init(_ settings: inout SettingReader) {
    settings.section("postgres", "PostgreSQL", "The store. Each loop has a pool of connections of its own.")
    url = settings.optional(
      "postgres.url", .postgres, flag: "postgres", isCommon: true,
      "PostgreSQL, as libpq has it: postgresql://user@host/db.")
    password = settings.secret("postgres.password", "The file with the password.")
    poolSize = settings.value(
      "postgres.poolSize", .int(1...1000), default: 4,
      "Connections of one loop at most, one more for writing messages not counted.")
    connectTimeout = settings.value(
      "postgres.connectTimeout", .duration(.milliseconds(100) ... .seconds(300)), default: .seconds(5),
      "How long connecting and authenticating may take.")
    statementTimeout = settings.value(
      "postgres.statementTimeout", .duration(.milliseconds(100) ... .seconds(3600)), default: .seconds(30),
      "How long a statement may run.")
    acquireTimeout = settings.value(
      "postgres.acquireTimeout", .duration(.milliseconds(10) ... .seconds(300)), default: .seconds(10),
      "How long a request may wait for a connection.")
    queueLimit = settings.value(
      "postgres.queueLimit", .int(1...1_000_000), default: 1024,
      "Requests of one loop that may wait for a connection; more are answered 503.")
    idleTimeout = settings.value(
      "postgres.idleTimeout", .duration(.seconds(1) ... .seconds(86_400)), default: .seconds(300),
      "When a connection that nobody uses is closed.")
    maxLifetime = settings.value(
      "postgres.maxLifetime", .duration(.seconds(10) ... .seconds(604_800)), default: .seconds(3600),
      "The age at which a connection is replaced, give or take a tenth.")
  }
}
