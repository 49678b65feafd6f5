import HTTP

// What the API says about workspaces, blocks and reports.

extension Schema {
  static let workspaceName = Schema.string(length: 1...63, pattern: "^[a-z0-9][a-z0-9-]{0,62}$")

  static let registration = Schema.oneOf("open", "closed")

  /// In requests: null removes a limit.
  static let workspaceLimits = Schema.object(
    .omittable("users", .integer(0...Int64.max)),
    .omittable("conversations", .integer(0...Int64.max)),
    .omittable("participants", .integer(0...Int64.max), "In one conversation."),
    .omittable("sends", .rate, "Messages, edits and reactions of all its users together."))

  /// `COUNT/DURATION`.
  static let rate = Schema.string(pattern: "^[1-9][0-9]{0,8}/([1-9][0-9]{0,3}s|[1-9][0-9]{0,2}m|1?[1-9]h)$")

  static let encryptionMode = Schema.oneOf("off", "conversation", "all")

  static let workspace = Schema.component(
    "Workspace",
    .object(
      .required("id", .uuid),
      .required("name", .workspaceName),
      .required("registration", .registration),
      .required(
        "limits",
        .object(
          .optional("users", .integer(0...Int64.max)), .optional("conversations", .integer(0...Int64.max)),
          .optional("participants", .integer(0...Int64.max), "In one conversation."),
          .optional("sends", .string, "Messages, edits and reactions of all its users together: `600/1m`.")),
        "Absent where there is none."),
      .optional("encryption", .encryptionMode, "Which conversations are encrypted; absent: as the server has it."),
      .required("filter", .boolean, "Whether the server's filter is for it."),
      .required("createdAt", .time)))

  static let reportReason = Schema.oneOf("spam", "harassment", "hate", "violence", "sexual", "illegal", "other")

  static let reportAction = Schema.oneOf("dismiss", "delete_message", "disable_user")

  static let report = Schema.component(
    "Report",
    .object(
      .required("id", .uuid),
      .required("messageId", .uuid),
      .required("conversationId", .uuid),
      .required("senderId", .uuid, "The message's."),
      .required("reporterId", .uuid),
      .required("reason", .reportReason),
      .optional("note", .string),
      .required("createdAt", .time),
      .required("state", .oneOf("open", "resolved")),
      .optional("action", .reportAction),
      .optional("resolvedBy", .uuid),
      .optional("resolvedAt", .time)))

  static let block = Schema.component(
    "Block",
    .object(
      .required("userId", .uuid),
      .required("username", .username),
      .required("displayName", .string),
      .required("blockedAt", .time)))
}
