import HTTP

// What the API says about presence.

extension Schema {
  static let presence = Schema.component(
    "Presence",
    .object(
      .required("userId", .uuid),
      .required("status", .oneOf("online", "offline")),
      .optional(
        "lastSeen", .time.orNull, "Of who is offline: when they last were online; null where that is not known."),
      .required("version", .integer(0...Int64.max), "Of two that are known of a user, the greater one is the later.")))
}
