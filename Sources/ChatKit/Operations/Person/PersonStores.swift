import Primitives

/// The tables that know of a person, and how they are read. `$user` stands for the person's identifier.
enum PersonStores {
  struct Table: Sendable {
    var name: String
    var sql: String
    /// Bodies may be sealed.
    var hasBodies = false
  }

  static let tables: [Table] = [
    Table(
      name: "profile",
      sql: """
        SELECT id, username, display_name AS "displayName", role, avatar_url AS "avatarUrl", created_at AS "createdAt",
          last_seen_at AS "lastSeenAt", disabled_at AS "disabledAt" FROM users WHERE id = $user
        """),
    Table(
      name: "sessions",
      sql: """
        SELECT session_id AS "sessionId", created_at AS "createdAt", expires_at AS "expiresAt", used_at AS "usedAt",
          revoked_at AS "revokedAt", user_agent AS "userAgent", address FROM refresh_tokens WHERE user_id = $user
        """),
    Table(
      name: "devices",
      sql: """
        SELECT id, platform, token, created_at AS "createdAt", updated_at AS "updatedAt" FROM push_devices
        WHERE user_id = $user
        """),
    Table(
      name: "memberships",
      sql: """
        SELECT p.conversation_id AS "conversationId", c.type, c.title, p.role, p.joined_at AS "joinedAt",
          p.read_seq AS "readSeq", p.delivered_seq AS "deliveredSeq", p.muted_until AS "mutedUntil"
        FROM participants p JOIN conversations c ON c.id = p.conversation_id WHERE p.user_id = $user
        """),
    Table(
      name: "messages",
      sql: """
        SELECT id, conversation_id AS "conversationId", seq, type, body, reply_to AS "replyTo",
          attachment_id AS "attachmentId", created_at AS "createdAt", edited_at AS "editedAt", deleted_at AS "deletedAt",
          key_version AS "keyVersion", translate(encode(ciphertext, 'base64'), E'\\n', '') AS ciphertext,
          translate(encode(iv, 'base64'), E'\\n', '') AS iv, translate(encode(auth_tag, 'base64'), E'\\n', '') AS "authTag"
        FROM messages WHERE sender_id = $user
        """, hasBodies: true),
    Table(
      name: "reactions",
      sql: """
        SELECT conversation_id AS "conversationId", message_seq AS "messageSeq", emoji, created_at AS "createdAt"
        FROM reactions WHERE user_id = $user
        """),
    Table(
      name: "receipts",
      sql: """
        SELECT conversation_id AS "conversationId", from_seq AS "fromSeq", to_seq AS "toSeq", at FROM receipts
        WHERE user_id = $user
        """),
    Table(
      name: "mentions",
      sql: """
        SELECT conversation_id AS "conversationId", message_id AS "messageId", seq, created_at AS "createdAt" FROM mentions
        WHERE user_id = $user
        """),
    Table(
      name: "attachments",
      sql: """
        SELECT id, conversation_id AS "conversationId", name, content_type AS "contentType", size,
          encode(sha256, 'hex') AS sha256, state, created_at AS "createdAt" FROM attachments WHERE uploader_id = $user
        """),
    Table(
      name: "calls",
      sql: """
        SELECT c.id, c.conversation_id AS "conversationId", c.media, p.state, p.joined_at AS "joinedAt",
          p.left_at AS "leftAt", c.created_at AS "createdAt", c.creator_id = $user AS "isCreator"
        FROM call_participants p JOIN calls c ON c.id = p.call_id WHERE p.user_id = $user
        """),
    Table(
      name: "blocks",
      sql: """
        SELECT blocked_id AS "blockedId", created_at AS "createdAt" FROM user_blocks WHERE user_id = $user
        """),
    Table(
      name: "reports",
      sql: """
        SELECT id, message_id AS "messageId", reason, note, created_at AS "createdAt", resolved_at AS "resolvedAt"
        FROM message_reports WHERE reporter_id = $user
        """),
    Table(
      name: "audit",
      sql: """
        SELECT id, action, subject_id AS "subjectId", actor_id AS "actorId", created_at AS "createdAt" FROM audit_log
        WHERE subject_id = $user OR actor_id = $user
        """),
    Table(
      name: "presence",
      sql: """
        SELECT is_online AS "isOnline", changed_at AS "changedAt" FROM presence WHERE user_id = $user
        """),
  ]

  static func sql(_ text: String, _ user: UUID) -> String { text.replacing("$user", with: "'\(user)'::uuid") }
}
