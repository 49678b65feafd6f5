import HTTP

// What the API says about conversations and who is in them.

extension Schema {
  static let conversation = Schema.component(
    "Conversation",
    .object(
      .required("id", .uuid),
      .required("type", .oneOf("direct", "group", "channel")),
      .optional("title", .string),
      .required("createdBy", .uuid),
      .required("lastSeq", .integer(0...Int64.max), "The seq of the newest message; 0 without one."),
      .optional("lastMessageAt", .time),
      .required("createdAt", .time),
      .required("role", .participantRole, "Of who asks.")))

  static let participantRole = Schema.oneOf("admin", "member")

  static let participant = Schema.component(
    "Participant",
    .object(
      .required("userId", .uuid),
      .required("username", .username),
      .required("displayName", .string),
      .required("role", .participantRole),
      .required("joinedAt", .time)))
}
