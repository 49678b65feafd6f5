import Glibc
import JSON
import Networking
package import Postgres
import Primitives

/// Gives out what is kept of a person: a file for each store in a folder, and the record of it.
package struct PersonExport: Sendable {
  package static let recordName = "record.json"
  private static let page = 500
  private static let files = "attachments.content"

  package static var steps: [String] { PersonStores.tables.map { "postgresql.\($0.name)" } + [files] }

  private let pool: PostgresPool
  private let actor: OperatorIdentity
  private let folder: String
  /// Opens sealed bodies; nil leaves them sealed.
  private let keys: MessageKeys?
  /// Where the content of attachments lies; nil leaves it out.
  private let content: (any ObjectStore)?

  package init(
    pool: PostgresPool, folder: String, keys: MessageKeys?, content: (any ObjectStore)?, by actor: OperatorIdentity
  ) {
    self.pool = pool
    self.actor = actor
    self.folder = folder
    self.keys = keys
    self.content = content
  }

  /// Does a step of the record, and notes it.
  package func run(_ index: Int, of record: inout PersonRecord) async throws {
    let name = record.steps[index].name
    if let table = PersonStores.tables.first(where: { "postgresql.\($0.name)" == name }) {
      let (count, sha256, sealed) = try await write(table, record.user)
      record.steps[index].count = count
      record.steps[index].sha256 = sha256
      if sealed > 0 { record.steps[index].note = "\(sealed) bodies stay sealed: their key is not here" }
    } else {
      record.steps[index].count = try await writeContent(record.user, &record.steps[index])
      // The last step: that somebody has it all is noted.
      let found = try await pool.query("SELECT workspace_id FROM users WHERE id = $1", record.user)
      if found.count == 1 {
        try await actor.record(.userExported, of: record.user, in: try found[0].get(0, as: UUID.self), pool)
      }
    }
    record.steps[index].finishedAt = .now()
  }

  /// A line a row. In one snapshot, read through a cursor.
  private func write(_ table: PersonStores.Table, _ user: UUID) async throws -> (Int, String, sealed: Int) {
    let file = try PersonFile("\(folder)/\(table.name).ndjson")
    var (count, sealed) = (0, 0)
    try await pool.transaction(readOnly: true, attempts: 1) { [keys] transaction in
      _ = try await transaction.query("SET LOCAL statement_timeout = 0")
      _ = try await transaction.run(
        PostgresStatement(
          unchecked: "DECLARE person NO SCROLL CURSOR FOR SELECT row_to_json(t)::text FROM ("
            + PersonStores.sql(table.sql, user) + ") t"), PostgresParameters(), timeout: .seconds(86_400))
      while true {
        let rows = try await transaction.run(
          PostgresStatement(unchecked: "FETCH \(Self.page) FROM person"), PostgresParameters(),
          timeout: .seconds(86_400))
        for row in 0..<rows.count {
          let text = try rows[row].get(0, as: String.self)
          try file.write(table.hasBodies ? Self.opened(text, keys, &sealed) : Array(text.utf8))
        }
        count += rows.count
        if rows.count < Self.page { return }
      }
    }
    return (count, try file.finish(), sealed)
  }

  /// A message with its body in place of the sealed one.
  private static func opened(_ text: String, _ keys: MessageKeys?, _ sealed: inout Int) -> [UInt8] {
    guard let root = try? JSONDocument(parsing: text).root, let members = root.object else { return Array(text.utf8) }
    var json = JSONWriter(reserving: text.utf8.count)
    json.beginObject()
    var body: String?
    let closed = root["keyVersion"]?.isNull == false ? SealedBody(root) : nil
    if let closed, let conversation = root["conversationId"]?.uuid, let message = root["id"]?.uuid {
      body = try? keys?.open(closed, conversation: conversation, message: message)
      if body == nil { sealed += 1 }
    }
    for member in members where closed == nil || body == nil || !SealedBody.isField(member.keyValue) {
      if closed == nil, SealedBody.isField(member.keyValue) { continue }
      json.key(member.key)
      if member.key == "body", let body { json.value(body) } else { json.raw(member.value.rawBytes) }
    }
    json.endObject()
    return json.bytes
  }

  /// The files that the person has uploaded, under their identifiers; of an object store elsewhere, URLs to get them.
  private func writeContent(_ user: UUID, _ step: inout PersonRecord.Step) async throws -> Int {
    guard let content else {
      step.note = "no store of files is configured here"
      return 0
    }
    let rows = try await pool.query(
      """
      SELECT id, conversation_id, uploader_id, name, content_type, size, sha256, created_at FROM attachments
      WHERE uploader_id = $1 AND state = 'ready' ORDER BY id
      """, user)
    let attachments = try (0..<rows.count).map { row in
      let row = rows[row]
      return Attachment(
        id: try row.get(0, as: UUID.self), conversationId: try row.get(1, as: UUID.self),
        uploaderId: try row.get(2, as: UUID.self), name: try row.get(3, as: String.self),
        contentType: try row.get(4, as: String.self), size: try row.get(5, as: Int64.self),
        checksum: try row.get(6, as: [UInt8].self), state: .ready, createdAt: try row.get(7, as: Timestamp.self),
        completedAt: nil)
    }
    guard let local = content as? LocalObjectStore else {
      let file = try PersonFile("\(folder)/urls.ndjson")
      for attachment in attachments {
        let request = content.download(of: attachment, until: .now() + .seconds(7 * 86_400 - 60))
        var json = JSONWriter()
        json.beginObject()
        json.field("id", attachment.id)
        json.field("url", request.url)
        json.field("expiresAt", request.expiresAt)
        json.endObject()
        try file.write(json.bytes)
      }
      step.sha256 = try file.finish()
      step.note = "the files lie in an object store: urls.ndjson says where they can be had for a week"
      return attachments.count
    }
    _ = mkdir("\(folder)/attachments", 0o700)
    for attachment in attachments {
      let target = "\(folder)/attachments/\(attachment.id)"
      try await LocalObjectStore.threads.run { try PersonFile.copy(local.path(of: attachment.id), to: target) }
    }
    return attachments.count
  }
}
