package import Postgres
package import Primitives

/// What a key of messages is there for. New ones are enabled; one at a time is active for all workspaces, and one for each
/// workspace that has keys of its own.
package enum MessageKeyState: String, Sendable, CaseIterable {
  /// Opens messages.
  case enabled
  /// Opens messages, and seals new ones.
  case active
  /// Does nothing, and can be enabled again.
  case disabled
  /// Gone for good: its row says that it was there.
  case destroyed
}

/// A row of `message_keys`.
package struct MessageKeyRecord: Sendable, Equatable {
  package var version: Int32
  /// Whose messages it seals; nil for all those of workspaces that have none of their own.
  package var workspaceId: UUID?
  package var state: MessageKeyState
  /// By the master key; nil once it is destroyed.
  var wrapped: [UInt8]?
  /// Whose: the fingerprint of that master key.
  package var wrappedBy: [UInt8]
  package var createdAt: Timestamp
  package var activatedAt: Timestamp?
  package var disabledAt: Timestamp?
  package var destroyedAt: Timestamp?

  /// All, by version.
  package static func all(_ client: some PostgresClient) async throws -> [MessageKeyRecord] {
    let rows = try await client.query(
      """
      SELECT version, state, wrapped, wrapped_by, created_at, activated_at, disabled_at, destroyed_at, workspace_id
      FROM message_keys ORDER BY version
      """)
    return try rows.map { row in
      let state: String = try row.get(1)
      return MessageKeyRecord(
        version: try row.get(0), workspaceId: try row.get(8), state: MessageKeyState(rawValue: state) ?? .disabled,
        wrapped: try row.get(2), wrappedBy: try row.get(3), createdAt: try row.get(4), activatedAt: try row.get(5),
        disabledAt: try row.get(6), destroyedAt: try row.get(7))
    }
  }

  /// Changes whenever something of the keys does; costs a look at a handful of rows.
  static func fingerprint(_ client: some PostgresClient) async throws -> String {
    try await client.query(
      """
      SELECT coalesce(string_agg(version || state || encode(wrapped_by, 'hex'), ' ' ORDER BY version), '')
      FROM message_keys
      """)[0].get(0)
  }
}
