extension Migration {
  /// What was brought about by manifests, and whose they were: who prunes removes only what is recorded here as the owner's.
  ///
  /// A row outlives the thing itself, if somebody else removes that: whoever applies next makes it again, or prunes the row.
  static let manifestOwners = Migration(
    version: 13, name: "manifest_owners",
    sql: """
      CREATE TABLE manifest_owners (
        kind text NOT NULL,
        workspace text NOT NULL DEFAULT '',
        name text NOT NULL,
        owner text NOT NULL,
        -- Of a thing whose name is the manifest's alone, as a room's is.
        object_id uuid,
        applied_at timestamptz NOT NULL DEFAULT now(),
        -- SHA-256 of the spec that was applied.
        hash text NOT NULL,
        PRIMARY KEY (kind, workspace, name)
      );
      CREATE INDEX manifest_owners_owner ON manifest_owners (owner, kind);
      """,
    down: "DROP TABLE manifest_owners")
}
