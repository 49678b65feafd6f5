import HTTP

// What the API says about files.

extension Schema {
  private static let attachmentFields: [SchemaField] = [
    .required("id", .uuid),
    .required("conversationId", .uuid),
    .required("uploaderId", .uuid),
    .required("name", .string),
    .required("contentType", .string),
    .required("size", .integer(1...Int64.max), "Bytes."),
    .required("sha256", .string(pattern: "^[0-9a-f]{64}$"), "Of the content, in hexadecimal."),
    .required("state", .oneOf("pending", "ready"), "`pending` until its content is there."),
    .required("createdAt", .time),
    .optional("completedAt", .time),
  ]

  static let attachment = Schema.component("Attachment", .object(attachmentFields))

  private static let signedURL: [SchemaField] = [
    .required("url", .string(format: "uri-reference"), "Good without a token. Absolute, or a path of this API."),
    .required("expiresAt", .time),
  ]

  /// Announced: how its content is brought.
  static let announcedAttachment = Schema.component(
    "AnnouncedAttachment",
    .object(
      attachmentFields + [
        .required(
          "upload",
          .object(
            signedURL + [
              .required("method", .oneOf("PUT")),
              .required("headers", .map(.string), "Fields that must go with the request exactly so."),
            ]))
      ]))

  /// As a participant sees it.
  static let availableAttachment = Schema.component(
    "AvailableAttachment",
    .object(attachmentFields + [.optional("download", .object(signedURL), "Where its content is; of ready ones.")]))
}
