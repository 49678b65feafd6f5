import Postgres
import Primitives

/// How groups and channels are made and changed, whoever may do so. All of it within a transaction; what is answered are the
/// events of the change, which are not in the outbox yet. Who is in them: `ParticipantMoves`.
enum RoomMoves {
  struct Draft {
    var id = UUID.v7()
    var workspace: UUID
    var type: ConversationType
    var title: String
    var creator: UUID
    var isEncrypted = false
    /// Beside the title.
    var settings = Settings()
  }

  /// Nil leaves a part as it is.
  struct Settings {
    var title: String?
    var isArchived: Bool?
    var isReadOnly: Bool?
    /// Seconds between two messages of one member.
    var slowMode: Int32?
  }

  /// Makes one without participants. Throws `ChatError` limitReached, conflict (the identifier is taken), and keyUnavailable
  /// where it is to be encrypted and no key is active for it.
  static func make(_ draft: Draft, _ transaction: PostgresTransaction) async throws {
    try await WorkspaceQuota.requireConversation(draft.workspace, transaction)
    if draft.isEncrypted {
      let keys = try await transaction.query(
        "SELECT FROM message_keys WHERE state = 'active' AND (workspace_id IS NULL OR workspace_id = $1)",
        draft.workspace)
      guard keys.count > 0 else { throw ChatError(.keyUnavailable, "no key for messages is active") }
    }
    let settings = draft.settings
    let made = try await transaction.query(
      """
      INSERT INTO conversations
        (id, workspace_id, type, title, created_by, encrypted, archived_at, read_only, slow_seconds)
      VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN now() END, $8, $9)
      ON CONFLICT (id) DO NOTHING
      """, draft.id, draft.workspace, draft.type.rawValue, draft.title, draft.creator, draft.isEncrypted,
      settings.isArchived ?? false, settings.isReadOnly ?? false, settings.slowMode ?? 0)
    guard made.affected == 1 else { throw ChatError(.conflict, "there is a room \(draft.id) already") }
  }

  /// Nil where it is so already.
  static func settle(
    _ settings: Settings, of room: UUID, by actor: UUID, _ transaction: PostgresTransaction
  ) async throws -> Event? {
    let rows = try await transaction.query(
      """
      UPDATE conversations SET title = coalesce($2, title),
        archived_at = CASE WHEN $3 IS NULL THEN archived_at WHEN $3 THEN coalesce(archived_at, now()) END,
        read_only = coalesce($4, read_only), slow_seconds = coalesce($5, slow_seconds)
      WHERE id = $1 AND (($2::text IS NOT NULL AND title IS DISTINCT FROM $2)
        OR ($3::boolean IS NOT NULL AND $3 <> (archived_at IS NOT NULL))
        OR ($4::boolean IS NOT NULL AND $4 <> read_only) OR ($5::integer IS NOT NULL AND $5 <> slow_seconds))
      RETURNING title, archived_at, read_only, slow_seconds
      """, room, settings.title, settings.isArchived, settings.isReadOnly, settings.slowMode)
    guard let row = rows.first else { return nil }
    let (title, archivedAt, isReadOnly, slowMode) = try row.decode((String?, Timestamp?, Bool, Int32).self)
    let content = ConversationChange.Content.shared(
      title: title, archivedAt: archivedAt, isReadOnly: isReadOnly, slowMode: slowMode)
    return ConversationChange(conversation: room, actor: actor, content: content).event
  }
}
