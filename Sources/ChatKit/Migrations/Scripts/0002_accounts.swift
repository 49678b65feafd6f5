extension Migration {
  /// Sessions that can be listed, profiles, search, and the lock after wrong passwords.
  ///
  /// It only adds, and holds up nobody: the columns are added without touching a row, the indexes are built beside the
  /// running service. So it is no one transaction; each statement can be repeated. An index whose building was cut short is
  /// invalid and remains: it is dropped first.
  static let accounts = Migration(
    version: 2, name: "accounts",
    withoutTransaction: [
      """
      ALTER TABLE users
        ADD COLUMN IF NOT EXISTS avatar_url text,
        ADD COLUMN IF NOT EXISTS last_seen_at timestamptz,
        ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1
      """,
      // What the client was that had the token; of a session that of its newest token is shown.
      "ALTER TABLE refresh_tokens ADD COLUMN IF NOT EXISTS user_agent text, ADD COLUMN IF NOT EXISTS address text",
      // By the hash of a name, whether or not anybody has it: who is locked out does not learn who exists.
      """
      CREATE TABLE IF NOT EXISTS login_failures (
        workspace_id uuid NOT NULL,
        name_hash bytea NOT NULL,
        failures integer NOT NULL,
        failed_at timestamptz NOT NULL,
        locked_until timestamptz,
        PRIMARY KEY (workspace_id, name_hash)
      )
      """,
      "CREATE INDEX IF NOT EXISTS login_failures_age ON login_failures (failed_at)",
      // The one token of a session that has not been used: the session itself.
      "DROP INDEX CONCURRENTLY IF EXISTS refresh_tokens_live",
      "CREATE INDEX CONCURRENTLY refresh_tokens_live ON refresh_tokens (session_id) WHERE used_at IS NULL",
      "DROP INDEX CONCURRENTLY IF EXISTS refresh_tokens_sessions",
      """
      CREATE INDEX CONCURRENTLY refresh_tokens_sessions ON refresh_tokens (user_id, session_id)
        WHERE used_at IS NULL AND revoked_at IS NULL
      """,
      // By bytes: then everything that begins with a prefix is one range.
      "DROP INDEX CONCURRENTLY IF EXISTS users_search_username",
      """
      CREATE INDEX CONCURRENTLY users_search_username ON users (workspace_id, (lower(username) COLLATE "C"), id)
        WHERE disabled_at IS NULL
      """,
      "DROP INDEX CONCURRENTLY IF EXISTS users_search_display_name",
      """
      CREATE INDEX CONCURRENTLY users_search_display_name
        ON users (workspace_id, (lower(display_name) COLLATE "C"), id) WHERE disabled_at IS NULL
      """,
    ])
}
