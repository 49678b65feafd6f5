import HTTP

// What the API says about messages.

extension Schema {
  static let seq = Schema.integer(1...Int64.max)

  static let message = Schema.component(
    "Message",
    .object(
      .required("id", .uuid),
      .required("conversationId", .uuid),
      .required("seq", .seq, "The message's place in its conversation."),
      .required("senderId", .uuid),
      .required("type", .oneOf("text", "image", "file", "system")),
      .required("body", .string),
      .optional("replyTo", .uuid),
      .required("createdAt", .time),
      .optional("editedAt", .time),
      .optional("deletedAt", .time)))

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
