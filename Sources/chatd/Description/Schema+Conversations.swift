import HTTP

// What the API says about conversations and who is in them.

extension Schema {
  static let conversation = Schema.component("Conversation", .object(conversationFields))

  /// A conversation in its participant's list.
  static let inboxEntry = Schema.component(
    "InboxEntry",
    .object(
      conversationFields + [
        .optional(
          "peer",
          .object(
            .required("userId", .uuid), .required("username", .username), .required("displayName", .string),
            .optional("avatarUrl", .string)), "The other one of a direct conversation."),
        .optional("lastMessage", .message),
        .required("unread", .integer(0...999), "Messages of others beyond the read cursor; 999 means 999 or more."),
        .required("mentions", .integer(0...999), "Of oneself, beyond the read cursor."),
        .required("readSeq", .integer(0...Int64.max)),
        .required("deliveredSeq", .integer(0...Int64.max)),
        .required("muted", .boolean),
        .optional("mutedUntil", .time, "Absent where it is not muted, and where it is for good."),
        .required("archived", .boolean, "Laid aside by oneself, until the next message."),
      ]))

  /// A channel as those see it who may join it.
  static let channel = Schema.component(
    "Channel",
    .object(
      .required("id", .uuid),
      .required("type", .oneOf("channel")),
      .required("title", .string),
      .required("createdBy", .uuid),
      .required("createdAt", .time),
      .optional("lastMessageAt", .time),
      .required("joined", .boolean),
      .required("memberCount", .integer(0...1000), "1000 means 1000 or more.")))

  private static let conversationFields: [SchemaField] = [
    .required("id", .uuid),
    .required("type", .oneOf("direct", "group", "channel")),
    .optional("title", .string),
    .required("createdBy", .uuid),
    .required("lastSeq", .integer(0...Int64.max), "The seq of the newest message; 0 without one."),
    .optional("lastMessageAt", .time),
    .required("createdAt", .time),
    .optional("archivedAt", .time, "An admin archived it: it can be read, and nothing is sent to it."),
    .optional("encrypted", .boolean, "Its messages are encrypted at rest; they are not searched."),
    .required("role", .participantRole, "Of who asks."),
    .optional("readOnly", .boolean, "Only admins send."),
    .optional("slowMode", .integer(1...21_600), "Seconds between two messages of one member, admins excepted."),
  ]

  static let participantRole = Schema.oneOf("admin", "member")

  static let participant = Schema.component(
    "Participant",
    .object(
      .required("userId", .uuid),
      .required("username", .username),
      .required("displayName", .string),
      .required("role", .participantRole),
      .required("joinedAt", .time),
      .required("readSeq", .integer(0...Int64.max), "How far they have read."),
      .required("deliveredSeq", .integer(0...Int64.max))))

  static let cursorPosition = Schema.component(
    "CursorPosition",
    .object(
      .required("conversationId", .uuid),
      .required("readSeq", .integer(0...Int64.max)),
      .required("deliveredSeq", .integer(0...Int64.max))))

  static let receipt = Schema.component(
    "Receipt",
    .object(
      .required("userId", .uuid),
      .required("username", .username),
      .required("displayName", .string),
      .required("status", .oneOf("read", "delivered")),
      .optional("readAt", .time, "Absent where it was read too long ago for that to be kept.")))
}
