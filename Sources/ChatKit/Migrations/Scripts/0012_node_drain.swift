extension Migration {
  /// What operators want of a process, and how far it has come: see `NodeRegistration`. A process of the release before writes
  /// rows as it did, and does not drain.
  static let nodeDrain = Migration(
    version: 12, name: "node_drain",
    sql: """
      ALTER TABLE nodes
        ADD COLUMN sockets bigint NOT NULL DEFAULT 0,
        ADD COLUMN drain_rate double precision,
        ADD COLUMN draining boolean NOT NULL DEFAULT false;
      """,
    down: "ALTER TABLE nodes DROP COLUMN sockets, DROP COLUMN drain_rate, DROP COLUMN draining")
}
