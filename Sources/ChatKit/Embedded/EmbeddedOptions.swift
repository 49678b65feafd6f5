/// One of the two servers.
package enum EmbeddedService: String, Sendable, CaseIterable {
  case postgres = "PostgreSQL"
  case redis = "Redis"
}

/// How the embedded servers are run.
package struct EmbeddedOptions: Sendable {
  package var services: Set<EmbeddedService> = [.postgres, .redis]
  /// Whether a committed row survives a power failure (fsync). Off for tests only; a killed server loses nothing either
  /// way.
  package var isDurable = true
  /// How long a server may take until it answers. Generous, for recovery after a crash reads the log of what was lost.
  package var readyTimeout = Duration.seconds(120)
  /// More arguments for redis-server, such as `--enable-debug-command yes`.
  package var redisArguments: [String] = []
  /// More settings for PostgreSQL: name and value.
  package var postgresSettings: [(String, String)] = []

  package init() {}
}
