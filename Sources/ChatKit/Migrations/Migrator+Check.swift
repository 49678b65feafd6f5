package import Postgres

extension Migrator {
  /// Throws `MigrationError` when the schema lacks a migration of this binary, or has another one under its number.
  /// A newer schema is as good. One query, and nothing is locked: for asking again and again.
  package static func checkIsCurrent(_ client: any PostgresClient, _ migrations: [Migration] = Migration.all)
    async throws
  {
    let rows = try await client.query("SELECT version, checksum FROM schema_migrations")
    var applied: [Int: String] = [:]
    for (version, checksum) in try rows.decode((Int, String).self) { applied[version] = checksum }
    for migration in migrations where applied[migration.version] != migration.checksum {
      throw MigrationError(
        .changed, applied[migration.version] == nil ? "is not applied" : "was applied with another checksum",
        file: migration.fileName)
    }
  }
}
