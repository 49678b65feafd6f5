package import Postgres
package import Primitives

/// Making, listing and removing webhooks. Who may is the routes' to say.
package struct WebhookService: Sendable {
  /// Of a workspace.
  package static let limit = 50
  package static let eventLimit = 32

  private let pool: PostgresPool

  package init(pool: PostgresPool) { self.pool = pool }

  private static let columns =
    "id, url, events, state, created_by, created_at, failing_since, disabled_at, last_error"

  /// A webhook and its secret, which is not shown again. No `events` are all.
  /// Throws `ChatError` invalidRequest, conflict (too many).
  package func create(
    url: String, events: [String], in workspace: UUID, by user: UUID
  ) async throws -> (webhook: Webhook, secret: String) {
    try Self.check(url: url)
    let events = try Self.checked(events)
    let secret = SecureRandom.bytes(32)
    let webhook = try await pool.transaction { transaction -> Webhook? in
      // One maker at a time, so that the limit holds.
      _ = try await transaction.query("SELECT FROM workspaces WHERE id = $1 FOR NO KEY UPDATE", workspace)
      let rows = try await transaction.query(
        PostgresStatement(
          unchecked: """
            INSERT INTO webhooks (id, workspace_id, url, secret, events, created_by)
            SELECT $1, $2, $3, $4, $5, $6
            WHERE (SELECT count(*) FROM webhooks WHERE workspace_id = $2) < $7 RETURNING \(Self.columns)
            """), UUID.v7(), workspace, url, secret, events, user, Int64(Self.limit))
      return try rows.first.map(Self.webhook)
    }
    guard let webhook else { throw ChatError(.conflict, "A workspace has at most \(Self.limit) webhooks.") }
    return (webhook, WebhookSignature.secretText(secret))
  }

  /// All of a workspace, the oldest first.
  package func list(in workspace: UUID) async throws -> [Webhook] {
    let rows = try await pool.query(
      PostgresStatement(unchecked: "SELECT \(Self.columns) FROM webhooks WHERE workspace_id = $1 ORDER BY id"),
      workspace)
    return try rows.map(Self.webhook)
  }

  /// Throws `ChatError` notFound.
  package func webhook(_ id: UUID, in workspace: UUID) async throws -> Webhook {
    let rows = try await pool.query(
      PostgresStatement(unchecked: "SELECT \(Self.columns) FROM webhooks WHERE id = $1 AND workspace_id = $2"), id,
      workspace)
    guard let row = rows.first else { throw Self.unknown }
    return try Self.webhook(row)
  }

  /// Removes it with what is still to be sent to it. Throws `ChatError` notFound.
  package func delete(_ id: UUID, in workspace: UUID) async throws {
    let count = try await pool.execute("DELETE FROM webhooks WHERE id = $1 AND workspace_id = $2", id, workspace)
    guard count == 1 else { throw Self.unknown }
  }

  /// Takes a webhook that was disabled into use again, with what was parked for it. Throws `ChatError` notFound.
  package func enable(_ id: UUID, in workspace: UUID) async throws {
    try await pool.transaction { transaction in
      let count = try await transaction.execute(
        """
        UPDATE webhooks SET state = 'active', failing_since = NULL, disabled_at = NULL
        WHERE id = $1 AND workspace_id = $2
        """, id, workspace)
      guard count == 1 else { throw Self.unknown }
      _ = try await transaction.query(
        """
        UPDATE webhook_deliveries SET state = 'pending', attempts = 0, next_attempt_at = now()
        WHERE webhook_id = $1 AND state = 'parked'
        """, id)
    }
  }

  /// What is to be sent to a webhook, or was given up (`isParked`), after `after`. Throws `ChatError` notFound.
  package func deliveries(
    of id: UUID, in workspace: UUID, isParked: Bool? = nil, after: UUID? = nil, limit: Int
  ) async throws -> [WebhookDelivery] {
    _ = try await webhook(id, in: workspace)
    let rows = try await pool.query(
      """
      SELECT id, event_id, type, state, attempts, next_attempt_at, last_status, last_error, created_at
      FROM webhook_deliveries WHERE webhook_id = $1 AND ($2::uuid IS NULL OR id > $2)
        AND ($3::boolean IS NULL OR (state = 'parked') = $3)
      ORDER BY id LIMIT $4
      """, id, after, isParked, Int64(limit))
    return try rows.map { row in
      let (id, event, type, state, attempts, next, status, error, created) = try row.decode(
        (UUID, UUID, String, String, Int, Timestamp, Int?, String?, Timestamp).self)
      return WebhookDelivery(
        id: id, eventId: event, type: type, isParked: state == "parked", attempts: attempts, nextAttemptAt: next,
        lastStatus: status, lastError: error, createdAt: created)
    }
  }

  private static let unknown = ChatError(.notFound, "There is no such webhook.")

  private static func webhook(_ row: PostgresRow) throws -> Webhook {
    let (id, url, events, state, by, created, failing, disabled, error) = try row.decode(
      (UUID, String, [String], String, UUID, Timestamp, Timestamp?, Timestamp?, String?).self)
    return Webhook(
      id: id, url: url, events: events, state: Webhook.State(rawValue: state) ?? .disabled, createdBy: by,
      createdAt: created, failingSince: failing, disabledAt: disabled, lastError: error)
  }

  /// Whether its address may be connected to is seen when it is: a name can change what it stands for.
  static func check(url: String) throws {
    let lower = url.lowercased()
    let rest = lower.hasPrefix("https://") ? lower.dropFirst(8) : lower.hasPrefix("http://") ? lower.dropFirst(7) : ""
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    guard !authority.isEmpty, url.utf8.count <= 2048, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw ChatError.invalid("url", "url must be an http or https URL of at most 2048 ASCII characters.")
    }
    guard !authority.contains("@"), !rest.contains("#") else {
      throw ChatError.invalid("url", "url must have neither a user nor a fragment.")
    }
  }

  static func checked(_ events: [String]) throws -> [String] {
    guard events.count <= eventLimit else {
      throw ChatError.invalid("events", "At most \(eventLimit) kinds of events can be named.")
    }
    for (index, event) in events.enumerated() {
      let isName = event == "*" || event.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == UInt8(ascii: ".") }
      guard isName, (1...64).contains(event.utf8.count) else {
        throw ChatError.invalid("events[\(index)]", "A kind of event looks like 'message.created'; '*' is all.")
      }
    }
    return events.isEmpty ? ["*"] : events
  }
}
