extension Migration {
  /// Which processes there are, and what was last said of each user's presence.
  static let presence = Migration(
    version: 3, name: "presence",
    sql: """
      CREATE TABLE nodes (
        id uuid PRIMARY KEY,
        role text NOT NULL,
        version text NOT NULL,
        host text NOT NULL,
        pid integer NOT NULL,
        key_versions integer[] NOT NULL DEFAULT '{}',
        connections bigint NOT NULL DEFAULT 0,
        started_at timestamptz NOT NULL,
        lease_until timestamptz NOT NULL
      ) WITH (fillfactor = 50);

      -- A user's last edge. No foreign key: edges of a user who was deleted meanwhile must not hold up those of others.
      CREATE TABLE presence (
        user_id uuid PRIMARY KEY,
        is_online boolean NOT NULL,
        version bigint NOT NULL,
        changed_at timestamptz NOT NULL
      ) WITH (fillfactor = 70);
      CREATE INDEX presence_online ON presence (user_id) WHERE is_online;
      """)
}
