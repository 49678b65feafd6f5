import HTTP

// What the API says about messages.

extension Schema {
  static let seq = Schema.integer(1...Int64.max)

  private static let messageFields: [SchemaField] = [
    .required("id", .uuid),
    .required("conversationId", .uuid),
    .required("seq", .seq, "The message's place in its conversation."),
    .required("senderId", .uuid),
    .optional("senderName", .string, "The sender's username."),
    .required("type", .oneOf("text", "image", "file", "system")),
    .optional("body", .string, "Empty once the message is deleted. Absent where it cannot be read."),
    .optional(
      "unreadable", .oneOf("key_unavailable", "decryption_failed"), "Why the body of an encrypted message is absent."),
    .optional("replyTo", .uuid),
    .optional("attachmentId", .uuid),
    .required("createdAt", .time),
    .optional("editedAt", .time),
    .optional("deletedAt", .time),
    .required("version", .seq, "Rises with each edit; the entity tag."),
  ]

  static let message = Schema.component("Message", .object(messageFields))

  static let reaction = Schema.component(
    "Reaction",
    .object(
      .required("emoji", .string),
      .required("total", .integer(0...Int64.max), "How many have reacted with it."),
      .required("own", .boolean, "Whether oneself has.")))

  /// As one reader sees it.
  static let reactedMessage = Schema.component(
    "ReactedMessage", .object(messageFields + [.optional("reactions", .array(.reaction))]))

  /// What is wrong with one of several, and in acks.
  static let socketError = Schema.object(
    .required("code", .string), .required("message", .string), .optional("field", .string))

  /// Where a page of a list ends: opaque.
  static let cursor = Schema.string(length: 1...512)

  /// A page of a list, and where the next one begins.
  static func page(_ name: String, _ element: Schema) -> Schema {
    .object(
      .required(name, .array(element)),
      .optional("next", .cursor, "For `cursor`: the next page begins there. Absent on the last one."))
  }
}

extension Operation {
  /// The parameters of a list that is read in pages.
  func paged(default standard: Int, most: Int) -> Operation {
    query("limit", .integer(1...Int64(most)).standard(Int64(standard)), "Elements on a page at most.")
      .query("cursor", .cursor, "Where the page begins: the `next` of the one before.")
  }
}
