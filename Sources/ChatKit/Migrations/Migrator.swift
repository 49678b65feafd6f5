import Glibc
package import Networking
package import Postgres
import Primitives

/// Brings a database to this binary's schema, over a connection of its own. On its loop.
package struct Migrator: Sendable {
  package struct Options: Sendable {
    /// How long a statement of a migration waits for a lock while the service runs on.
    package var lockTimeout = Duration.seconds(5)
    /// How often a migration is tried that could not have its lock.
    package var lockAttempts = 6
    /// How long another migrator is waited for.
    package var patience = Duration.seconds(300)
    /// Ends it from outside.
    package var stop: MigrationStop?

    package init() {}
  }

  package let migrations: [Migration]
  package let options: Options
  package let connection: PostgresConnection

  /// "chatd" and "migr" in ASCII, as one number: the advisory lock of this database's migrators.
  static let lock: Int64 = 0x6368_6174_6d69_6772

  private init(_ connection: PostgresConnection, _ migrations: [Migration], _ options: Options) {
    self.connection = connection
    self.migrations = migrations
    self.options = options
  }

  /// Connects, runs `body` with the migrator, and disconnects. Migrations may take long: the connection has no
  /// statement timeout.
  package static func with<Result>(
    _ configuration: PostgresConfiguration, loop: EventLoop, migrations: [Migration] = Migration.all,
    options: Options = Options(), _ body: (Migrator) async throws -> Result
  ) async throws -> Result {
    let versions = migrations.map(\.version)
    if let wrong = migrations.first(where: { $0.version < 1 }) {
      throw MigrationError(.invalidList, "versions begin at 1", file: wrong.fileName)
    }
    if let twice = migrations.first(where: { one in versions.count { $0 == one.version } > 1 }) {
      throw MigrationError(.invalidList, "version \(twice.version) is there twice", file: twice.fileName)
    }
    var configuration = configuration
    configuration.statementTimeout = .zero
    configuration.applicationName = Self.applicationName(configuration.applicationName)
    // Of a migrator that was killed PostgreSQL would learn at the end of its statement, and keep its locks until then.
    configuration.settings["client_connection_check_interval"] = "1000"
    configuration.settings["lock_timeout"] = "\(options.lockTimeout.milliseconds)"
    let connection = try await PostgresConnection.connect(configuration, loop: loop)
    defer {
      options.stop?.connection = nil
      connection.close()
    }
    options.stop?.connection = connection
    return try await body(Migrator(connection, migrations.sorted { $0.version < $1.version }, options))
  }

  /// `chatctl migrate (4711@db1)`: what another migrator that waits says of this one. PostgreSQL keeps 63 bytes.
  private static func applicationName(_ program: String) -> String {
    return "\(program) migrate (\(getpid())@\(HostName.current.prefix(30)))"
  }

  // MARK: Looking

  /// What is applied and what is not. Changes nothing.
  package func status() async throws -> MigrationStatus {
    MigrationStatus(migrations: migrations, applied: try await applied())
  }

  private func applied() async throws -> [AppliedMigration] {
    let table = try await connection.query("SELECT to_regclass('schema_migrations') IS NOT NULL")
    guard try table.get(0, 0, as: Bool.self) else { return [] }
    let rows = try await connection.query(
      "SELECT version, name, checksum, applied_at, duration_ms FROM schema_migrations ORDER BY version")
    return try rows.decode((Int, String, String, Timestamp, Int64).self).map {
      AppliedMigration(version: $0, name: $1, checksum: $2, appliedAt: $3, duration: .milliseconds($4))
    }
  }

  // MARK: Changing

  /// Applies what is missing, up to and with version `target`, and returns it. Waits for another migrator to end.
  package func up(
    to target: Int = .max, progress: @escaping (MigrationProgress) -> Void = { _ in }
  ) async throws -> [Migration] {
    try await locked(progress) {
      let status = try await prepared()
      try status.verify()
      let pending = status.pending.filter { $0.version <= target }
      for migration in pending { try await apply(migration, progress) }
      return pending
    }
  }

  /// Undoes the latest `count` applied migrations, the latest first, and returns them.
  package func down(
    count: Int = 1, progress: @escaping (MigrationProgress) -> Void = { _ in }
  ) async throws -> [Migration] {
    try await locked(progress) {
      let latest = try await prepared().undoing(count)
      for migration in latest {
        try await inTransaction(of: migration, migration.down ?? "", progress) { transaction in
          try await transaction.execute("DELETE FROM schema_migrations WHERE version = $1", migration.version)
        }
        progress(.undone(migration))
      }
      return Array(latest)
    }
  }

  /// Records everything up to and with `version` as applied without running it, for a database that has the schema
  /// already. Returns what was recorded.
  package func baseline(version: Int) async throws -> [Migration] {
    try await locked {
      let pending = try await prepared().pending.filter { $0.version <= version }
      for migration in pending { try await record(migration, .zero, on: connection) }
      return pending
    }
  }

  func prepared() async throws -> MigrationStatus {
    try await connection.script(
      """
      CREATE TABLE IF NOT EXISTS schema_migrations (
        version int PRIMARY KEY,
        name text NOT NULL,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now(),
        duration_ms bigint NOT NULL
      );
      CREATE TABLE IF NOT EXISTS schema_migration_attempts (
        version int PRIMARY KEY,
        name text NOT NULL,
        checksum text NOT NULL,
        statement int NOT NULL,
        statements int NOT NULL,
        line int NOT NULL,
        started_at timestamptz NOT NULL DEFAULT now(),
        started_by text NOT NULL,
        failed_at timestamptz,
        sql_state text,
        error text
      )
      """)
    return try await status()
  }
}
