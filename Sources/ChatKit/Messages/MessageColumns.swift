import Postgres
import Primitives

/// The one place where a message is read from a row: whatever reads messages selects `list` and decodes it here.
enum MessageColumns {
  /// For `FROM messages m LEFT JOIN users u ON u.id = m.sender_id`.
  static let list = """
    m.id, m.conversation_id, m.seq, m.sender_id, u.username, m.type, m.body, m.reply_to, m.attachment_id, m.created_at, \
    m.edited_at, m.deleted_at, m.changed_seq, m.key_version, m.ciphertext, m.iv, m.auth_tag
    """

  /// A body that is encrypted is still to be opened (`MessageVault.opened`).
  /// - Parameter first: the column where `list` begins.
  static func message(_ row: PostgresRow, from first: Int = 0) throws -> Message {
    let type: String = try row.get(first + 5)
    // A deleted message has none.
    let body: String? = try row.get(first + 6)
    var message = Message(
      id: try row.get(first), conversationId: try row.get(first + 1), seq: try row.get(first + 2),
      senderId: try row.get(first + 3), senderName: try row.get(first + 4), type: MessageType(rawValue: type) ?? .text,
      body: body ?? "", replyTo: try row.get(first + 7), attachmentId: try row.get(first + 8),
      createdAt: try row.get(first + 9), editedAt: try row.get(first + 10), deletedAt: try row.get(first + 11),
      version: try row.get(first + 12))
    if let version = try row.get(first + 13, as: Int32?.self) {
      message.close(
        SealedBody(
          keyVersion: version, ciphertext: try row.get(first + 14), iv: try row.get(first + 15),
          tag: try row.get(first + 16)))
    }
    return message
  }

  static func messages(_ rows: PostgresRows) throws -> [Message] { try rows.map { try message($0) } }
}
