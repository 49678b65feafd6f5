extension Migration {
  /// What is a workspace's own: how much is sent in it, which conversations are encrypted, what is not to be said; and keys
  /// of messages.
  ///
  /// A release before this one takes the last of the active keys for the one that seals everything: a workspace gets a key
  /// of its own when no process of such a release runs any more.
  static let tenants = Migration(
    version: 11, name: "tenants",
    sql: """
      ALTER TABLE workspaces
        -- So many messages in so many seconds; NULL for as many as its users may.
        ADD COLUMN send_count integer CHECK (send_count BETWEEN 1 AND 1000000000),
        ADD COLUMN send_window integer CHECK (send_window BETWEEN 1 AND 86400),
        ADD CHECK ((send_count IS NULL) = (send_window IS NULL)),
        -- NULL: as the server has it.
        ADD COLUMN encryption text CHECK (encryption IN ('off', 'conversation', 'all')),
        -- Whether the server's filter is for it.
        ADD COLUMN filter text NOT NULL DEFAULT 'on' CHECK (filter IN ('on', 'off')),
        -- Its own words, as WordList reads them.
        ADD COLUMN filter_words text NOT NULL DEFAULT '';

      -- NULL: for all workspaces that have none of their own.
      ALTER TABLE message_keys ADD COLUMN workspace_id uuid;
      DROP INDEX message_keys_active;
      CREATE UNIQUE INDEX message_keys_active
        ON message_keys (coalesce(workspace_id, '00000000-0000-0000-0000-000000000000')) WHERE state = 'active';
      """,
    // While a workspace has an active key of its own there is no way back: which would seal for all?
    down: """
      DROP INDEX message_keys_active;
      ALTER TABLE message_keys DROP COLUMN workspace_id;
      CREATE UNIQUE INDEX message_keys_active ON message_keys (state) WHERE state = 'active';
      ALTER TABLE workspaces DROP COLUMN send_count, DROP COLUMN send_window, DROP COLUMN encryption, DROP COLUMN filter,
        DROP COLUMN filter_words;
      """,
    allowing: [
      .constraintBlocks: "workspaces are few, and the columns are new",
      .manyLocks: "two small tables, neither of which sending locks",
      .exclusiveLock: "there is a handful of keys",
      .indexBlocksWrites: "there is a handful of keys",
    ])
}
