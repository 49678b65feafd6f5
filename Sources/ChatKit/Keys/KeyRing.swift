import Networking
package import Postgres
package import Primitives

/// What an operator does with the keys of messages. Every change is one transaction under one lock, so two operators never
/// undo each other. On the loop of its pool.
///
/// Keys are for all workspaces, or for one: what is said in a workspace is sealed with its own active key where it has one,
/// else with the one for all.
///
/// A rotation is: `add`, wait until every node has it (some seconds), `promote`, `reencrypt`, and when that is over `disable`
/// the old one and, days later, `destroy` it. Nobody is logged out and nothing is restarted.
package struct KeyRing: Sendable {
  let pool: PostgresPool
  let master: MasterKey?
  /// Changes are checked and made, and then taken back: what would be refused is.
  let isRehearsal: Bool

  /// - Parameter master: needed to make keys and to read messages; without it keys can be listed, promoted and disabled.
  package init(_ pool: PostgresPool, master: MasterKey?, isRehearsal: Bool = false) {
    self.pool = pool
    self.master = master
    self.isRehearsal = isRehearsal
  }

  // MARK: Looking

  package struct Entry: Sendable {
    package var key: MessageKeyRecord
    /// Bodies that are sealed with it.
    package var messages: Int64
  }

  /// All keys with the number of their messages. Reads every message once.
  package func list() async throws -> [Entry] {
    let rows = try await pool.query(
      "SELECT key_version, count(*) FROM messages WHERE key_version IS NOT NULL GROUP BY key_version")
    var counts: [Int32: Int64] = [:]
    for row in rows { counts[try row.get(0)] = try row.get(1, as: Int64.self) }
    return try await MessageKeyRecord.all(pool).map { Entry(key: $0, messages: counts[$0.version] ?? 0) }
  }

  /// Live nodes that have not loaded a version; while there is one it cannot be promoted.
  package func nodes(without version: Int32) async throws -> [Node] {
    try await Node.all(pool).filter { $0.isAlive && !$0.keyVersions.contains(version) }
  }

  /// Those that can be used, for one who reads messages. Throws `KeyError` where one cannot be unwrapped.
  package func keys() async throws -> MessageKeys { try await Self.load(pool, master: master) }

  /// Throws the first reason why a key that should be usable is not.
  package static func load(_ client: some PostgresClient, master: MasterKey?) async throws -> MessageKeys {
    var problems: [KeyError] = []
    let keys = MessageKeys(try await MessageKeyRecord.all(client), master: master, problems: &problems)
    if let problem = problems.first { throw problem }
    return keys
  }

  // MARK: Changing

  /// The advisory lock's key: "msgkey" in ASCII.
  private static let lock: Int64 = 0x6d73_676b_6579

  private func change<Result: Sendable>(
    _ body: @escaping @Sendable (PostgresTransaction, [MessageKeyRecord]) async throws -> Result
  ) async throws -> Result {
    do {
      return try await pool.transaction { transaction in
        _ = try await transaction.query("SELECT pg_advisory_xact_lock($1)", Self.lock)
        let result = try await body(transaction, try await MessageKeyRecord.all(transaction))
        guard !isRehearsal else { throw Rehearsed(result: result) }
        return result
      }
    } catch let rehearsed as Rehearsed<Result> {
      return rehearsed.result
    }
  }

  /// Ends a transaction that was a rehearsal.
  private struct Rehearsed<Result: Sendable>: Error { let result: Result }

  /// The first key, active at once, where there never was one; two nodes that start together agree on one. Nothing otherwise.
  package func addFirst() async throws {
    let master = try requireMaster()
    try await change { transaction, records in
      guard records.isEmpty else { return }
      let key = SecureRandom.bytes(AESGCM.keyLength)
      _ = try await transaction.query(
        """
        INSERT INTO message_keys (version, state, wrapped, wrapped_by, activated_at) VALUES (1, 'active', $1, $2, now())
        """, try master.wrap(key, version: 1), master.fingerprint)
    }
  }

  /// A new key, enabled: nodes load it within seconds, and nothing is sealed with it yet. Answers its version.
  /// - Parameter workspace: whose it is; nil for all that have none of their own.
  /// Throws `KeyError`, also noSuchWorkspace.
  package func add(for workspace: UUID? = nil) async throws -> Int32 {
    let master = try requireMaster()
    return try await change { transaction, records in
      // Not with a key that the nodes do not have: none of them could load it.
      if let other = records.last(where: { $0.state != .destroyed && $0.wrappedBy != master.fingerprint }) {
        throw KeyError(
          .wrongMasterKey,
          "message key \(other.version) is wrapped by the master key \(Hex.encode(other.wrappedBy)); the one that was "
            + "given is \(Hex.encode(master.fingerprint))")
      }
      if let workspace {
        let known = try await transaction.query("SELECT FROM workspaces WHERE id = $1", workspace)
        guard known.count == 1 else { throw KeyError(.noSuchWorkspace, "there is no workspace \(workspace)") }
      }
      let version = (records.last?.version ?? 0) + 1
      let key = SecureRandom.bytes(AESGCM.keyLength)
      _ = try await transaction.query(
        "INSERT INTO message_keys (version, state, wrapped, wrapped_by, workspace_id) VALUES ($1, 'enabled', $2, $3, $4)",
        version, try master.wrap(key, version: version), master.fingerprint, workspace)
      return version
    }
  }

  /// New bodies are sealed with it from now on: all, or those of its workspace. Throws `KeyError` nodesBehind while a live node has not loaded it.
  package func promote(_ version: Int32) async throws {
    try await change { transaction, records in
      let key = try Self.find(version, records)
      if key.state == .active { return }
      guard key.state == .enabled else { throw Self.wrong(key, "only an enabled key can be promoted") }
      let behind = try await Node.all(transaction).filter { $0.isAlive && !$0.keyVersions.contains(version) }
      guard behind.isEmpty else {
        let names = behind.prefix(3).map { "\($0.role) on \($0.host) (\($0.pid))" }.joined(separator: ", ")
        throw KeyError(
          .nodesBehind,
          "\(behind.count) live node\(behind.count == 1 ? " has" : "s have") not loaded key \(version): \(names)")
      }
      _ = try await transaction.query(
        "UPDATE message_keys SET state = 'enabled' WHERE state = 'active' AND workspace_id IS NOT DISTINCT FROM $1",
        key.workspaceId)
      _ = try await transaction.query(
        "UPDATE message_keys SET state = 'active', activated_at = now() WHERE version = $1", version)
    }
  }

  /// A workspace's own key seals nothing more: what is said there is sealed with the one for all again, and re-encryption
  /// brings back what was. Throws `KeyError` wrongState for a key of all workspaces.
  package func withdraw(_ version: Int32) async throws {
    try await change { transaction, records in
      let key = try Self.find(version, records)
      guard key.workspaceId != nil else { throw Self.wrong(key, "it is the one for all: promote another one instead") }
      guard key.state == .active else { return }
      _ = try await transaction.query("UPDATE message_keys SET state = 'enabled' WHERE version = $1", version)
    }
  }

  /// Its messages cannot be read until it is enabled again: `key_unavailable`.
  package func disable(_ version: Int32) async throws {
    try await change { transaction, records in
      let key = try Self.find(version, records)
      if key.state == .disabled { return }
      guard key.state == .enabled else {
        throw Self.wrong(key, key.state == .active ? Self.advice(key) : "it is gone")
      }
      _ = try await transaction.query(
        "UPDATE message_keys SET state = 'disabled', disabled_at = now() WHERE version = $1", version)
    }
  }

  package func enable(_ version: Int32) async throws {
    try await change { transaction, records in
      let key = try Self.find(version, records)
      if key.state == .enabled || key.state == .active { return }
      guard key.state == .disabled else { throw Self.wrong(key, "it is gone") }
      _ = try await transaction.query(
        "UPDATE message_keys SET state = 'enabled', disabled_at = NULL WHERE version = $1", version)
    }
  }

  /// What brings a key back that is destroyed: its row as it is now, wrapped by the master key. Throws `KeyError` noSuchKey,
  /// and wrongState for one that is destroyed.
  package func backup(_ version: Int32) async throws -> KeyBackup {
    let key = try Self.find(version, try await MessageKeyRecord.all(pool))
    guard let wrapped = key.wrapped else { throw Self.wrong(key, "it is gone") }
    return KeyBackup(version: version, wrapped: wrapped, wrappedBy: key.wrappedBy)
  }

  /// Brings a destroyed key back, disabled. Throws `KeyError`: wrongMasterKey and damaged where the master key does not open
  /// it, noSuchKey where there never was one of that version, wrongState where it is there.
  package func restore(_ backup: KeyBackup) async throws {
    let master = try requireMaster()
    guard backup.wrappedBy == master.fingerprint else {
      throw KeyError(
        .wrongMasterKey,
        "the backup of key \(backup.version) is wrapped by the master key \(Hex.encode(backup.wrappedBy)); the one that was "
          + "given is \(Hex.encode(master.fingerprint))")
    }
    guard master.unwrap(backup.wrapped, version: backup.version) != nil else {
      throw KeyError(.damaged, "the backup of key \(backup.version) is damaged: the master key does not open it")
    }
    try await change { transaction, records in
      let key = try Self.find(backup.version, records)
      guard key.state == .destroyed else { throw Self.wrong(key, "only a destroyed key can be restored") }
      _ = try await transaction.query(
        """
        UPDATE message_keys SET state = 'disabled', wrapped = $2, wrapped_by = $3, destroyed_at = NULL, disabled_at = now()
        WHERE version = $1
        """, backup.version, backup.wrapped, backup.wrappedBy)
    }
  }

  /// Forgets a key for good, unless there is a `backup`. Throws `KeyError`: wrongState unless it is disabled, tooEarly until it has been for `waiting`,
  /// inUse while a message needs it.
  package func destroy(_ version: Int32, waiting: Duration = .seconds(86_400)) async throws {
    try await change { transaction, records in
      let key = try Self.find(version, records)
      if key.state == .destroyed { return }
      guard key.state == .disabled, let since = key.disabledAt else { throw Self.wrong(key, "disable it first") }
      guard Timestamp.now().microseconds - since.microseconds >= Int64(waiting.nanoseconds / 1000) else {
        throw KeyError(
          .tooEarly, "key \(version) was disabled at \(since); it can be destroyed \(waiting.text) after that")
      }
      let uses = try await transaction.query(
        "SELECT conversation_id, seq FROM messages WHERE key_version = $1 LIMIT 1", version)
      if let row = uses.first {
        throw KeyError(
          .inUse,
          "messages need key \(version), as that of conversation \(try row.get(0, as: UUID.self)) with seq "
            + "\(try row.get(1, as: Int64.self)): re-encrypt them first")
      }
      _ = try await transaction.query(
        "UPDATE message_keys SET state = 'destroyed', wrapped = NULL, destroyed_at = now() WHERE version = $1", version)
    }
  }

  func requireMaster() throws(KeyError) -> MasterKey {
    guard let master else { throw KeyError(.noMasterKey, "there is no master key: name its file") }
    return master
  }

  private static func find(_ version: Int32, _ records: [MessageKeyRecord]) throws(KeyError) -> MessageKeyRecord {
    guard let key = records.first(where: { $0.version == version }) else {
      throw KeyError(.noSuchKey, "there is no key \(version)")
    }
    return key
  }

  private static func advice(_ key: MessageKeyRecord) -> String {
    key.workspaceId == nil ? "promote another one first" : "promote another one of its workspace first, or withdraw it"
  }

  private static func wrong(_ key: MessageKeyRecord, _ why: String) -> KeyError {
    KeyError(.wrongState, "key \(key.version) is \(key.state.rawValue): \(why)")
  }
}
