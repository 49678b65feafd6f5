package import Postgres

extension PostgresConfiguration {
  /// Without its password, which is read from its file.
  package init(_ options: PostgresOptions) {
    self.init(connectionString: options.url ?? "")
    poolSize = options.poolSize
    connectTimeout = options.connectTimeout
    statementTimeout = options.statementTimeout
    acquireTimeout = options.acquireTimeout
    queueLimit = options.queueLimit
    idleTimeout = options.idleTimeout
    maximumLifetime = options.maxLifetime
  }
}
