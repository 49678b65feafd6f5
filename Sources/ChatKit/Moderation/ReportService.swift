import JSON
import Postgres
package import Primitives

/// Reports of messages, and what administrators make of them. One a loop.
///
/// A report keeps no copy of the message: moderators see it as it is now, so what is encrypted or deleted is nowhere else.
/// Of an encrypted conversation they read what was reported, and nothing around it.
///
/// Resolving does first what is to be done, which can be repeated, and then says in one commit that it was done, with a row
/// of the audit log: what dies in between leaves the report in the queue.
package final class ReportService: Sendable {
  package struct Limits: Sendable {
    package var page = 50
    /// Characters of a note.
    package var note = 1000

    package init() {}
  }

  /// Which reports.
  package struct Filter: Sendable {
    package enum State: String, Sendable, CaseIterable {
      case open, resolved, all
    }

    package var state = State.open
    package var reason: MessageReport.Reason?
    package var conversation: UUID?
    package var sender: UUID?
    package var reporter: UUID?

    package init() {}
  }

  private let accounts: AccountService
  private let store: MessageStore
  private let editor: MessageEditor
  package let limits: Limits

  package init(accounts: AccountService, store: MessageStore, editor: MessageEditor, limits: Limits = Limits()) {
    self.accounts = accounts
    self.store = store
    self.editor = editor
    self.limits = limits
  }

  private static let columns = """
    r.id, r.message_id, r.conversation_id, r.sender_id, r.reporter_id, r.reason, r.note, r.created_at, r.action, \
    r.resolved_by, r.resolved_at, r.message_seq
    """

  private static func report(_ row: PostgresRow) throws -> MessageReport {
    var resolution: MessageReport.Resolution?
    if let action = try row.get(8, as: String?.self).flatMap({ MessageReport.Action(rawValue: $0) }) {
      resolution = MessageReport.Resolution(
        action: action, moderator: try row.get(9, as: UUID.self), at: try row.get(10, as: Timestamp.self))
    }
    return MessageReport(
      id: try row.get(0, as: UUID.self), messageId: try row.get(1, as: UUID.self),
      conversationId: try row.get(2, as: UUID.self), senderId: try row.get(3, as: UUID.self),
      reporterId: try row.get(4, as: UUID.self),
      reason: MessageReport.Reason(rawValue: try row.get(5, as: String.self)) ?? .other,
      note: try row.get(6, as: String?.self), createdAt: try row.get(7, as: Timestamp.self), resolution: resolution)
  }

  // MARK: Reporting

  private static let insertion = PostgresStatement(
    unchecked: """
      INSERT INTO message_reports AS r (id, workspace_id, conversation_id, message_seq, message_id, sender_id,
        reporter_id, reason, note)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (message_id, reporter_id) DO NOTHING RETURNING \(columns)
      """)
  private static let own = PostgresStatement(
    unchecked: "SELECT \(columns) FROM message_reports r WHERE r.message_id = $1 AND r.reporter_id = $2")

  /// Reports a message of one's conversations. Each reports it once: a second time answers the first one.
  /// Throws `ChatError` notFound, conflict (one's own, or deleted) or invalidRequest.
  package func report(
    _ message: UUID, reason: MessageReport.Reason, note: String?, by claims: AccessClaims
  ) async throws -> (report: MessageReport, isNew: Bool) {
    if let note {
      guard (1...limits.note).contains(note.unicodeScalars.count), !note.utf8.contains(0) else {
        throw ChatError.invalid("note", "A note has 1 to \(limits.note) characters.")
      }
    }
    guard let found = try await store.message(message, for: claims.user) else { throw ChatError.noSuchMessage }
    guard found.senderId != claims.user else { throw ChatError(.conflict, "Nobody reports themselves.") }
    guard found.deletedAt == nil else { throw ChatError(.conflict, "The message was deleted.") }
    let made = try await store.pool.query(
      Self.insertion, UUID.v7(), claims.workspace, found.conversationId, found.seq, found.id, found.senderId,
      claims.user, reason.rawValue, note)
    if made.count == 1 { return (try Self.report(made[0]), true) }
    let known = try await store.pool.query(Self.own, message, claims.user)
    guard known.count == 1 else { throw ChatError.noSuchMessage }
    return (try Self.report(known[0]), false)
  }

  // MARK: The queue

  private static let queue = PostgresStatement(
    unchecked: """
      SELECT \(columns), \(MessageColumns.list)
      FROM message_reports r
      JOIN messages m ON m.conversation_id = r.conversation_id AND m.seq = r.message_seq
      LEFT JOIN users u ON u.id = m.sender_id
      WHERE r.workspace_id = $1 AND ($2::uuid IS NULL OR r.id > $2)
        AND ($3 = 'all' OR (r.resolved_at IS NULL) = ($3 = 'open'))
        AND ($4::text IS NULL OR r.reason = $4) AND ($5::uuid IS NULL OR r.conversation_id = $5)
        AND ($6::uuid IS NULL OR r.sender_id = $6) AND ($7::uuid IS NULL OR r.reporter_id = $7)
      ORDER BY r.id LIMIT $8
      """)

  /// The workspace's reports with their messages, the oldest first, after `after`. Throws `ChatError` forbidden.
  package func reports(
    _ filter: Filter, after: UUID?, limit: Int, for claims: AccessClaims
  ) async throws -> [(report: MessageReport, message: Message)] {
    let moderator = try await accounts.administrator(claims)
    let rows = try await store.pool.query(
      Self.queue, moderator.workspaceId, after, filter.state.rawValue, filter.reason?.rawValue, filter.conversation,
      filter.sender, filter.reporter, Int64(min(max(1, limit), limits.page)))
    let messages = try (0..<rows.count).map { try MessageColumns.message(rows[$0], from: 12) }
    let opened = await MessageVault.opened(messages, by: store.vault)
    return try opened.enumerated().map { (try Self.report(rows[$0.offset]), $0.element) }
  }

  // MARK: Resolving

  private static let one = PostgresStatement(
    unchecked: "SELECT \(columns) FROM message_reports r WHERE r.id = $1 AND r.workspace_id = $2")
  private static let resolution = PostgresStatement(
    unchecked: """
      UPDATE message_reports r SET resolved_at = now(), resolved_by = $3, action = $4
      WHERE r.workspace_id = $1 AND r.message_id = $2 AND r.resolved_at IS NULL RETURNING \(columns)
      """)

  /// Does what a report asks for, or nothing; the other reports of the message are resolved with it.
  /// Throws `ChatError` forbidden, notFound, or conflict (resolved already, or the sender is who asks).
  package func resolve(
    _ id: UUID, _ action: MessageReport.Action, by claims: AccessClaims
  ) async throws -> MessageReport {
    let moderator = try await accounts.administrator(claims)
    let found = try await store.pool.query(Self.one, id, moderator.workspaceId)
    guard found.count == 1 else { throw ChatError(.notFound, "There is no such report.") }
    let report = try Self.report(found[0])
    guard report.resolution == nil else { throw Self.resolved }
    switch action {
    case .dismiss: break
    case .deleteMessage:
      try await editor.remove(
        at: try found[0].get(11, as: Int64.self), of: report.conversationId, by: moderator.id)
    case .disableUser: try await accounts.set(disabled: true, of: report.senderId, by: claims)
    }
    return try await store.pool.transaction { transaction in
      let rows = try await transaction.query(
        Self.resolution, moderator.workspaceId, report.messageId, moderator.id, action.rawValue)
      var resolved: MessageReport?
      for row in 0..<rows.count {
        let one = try Self.report(rows[row])
        if one.id == id { resolved = one }
        var json = JSONWriter()
        one.write(to: &json)
        try await AuditLog.record(
          .reportResolved, of: one.messageId, in: moderator.workspaceId, by: moderator.id, details: json.bytes,
          transaction)
      }
      guard let resolved else { throw Self.resolved }
      return resolved
    }
  }

  private static let resolved = ChatError(.conflict, "The report was resolved already.")
}
