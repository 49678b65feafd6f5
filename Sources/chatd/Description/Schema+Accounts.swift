import HTTP

// What the API says about people and their sessions. Each is what `write(to:)` of the type of that name writes.

extension Schema {
  static let username = Schema.string(length: 3...32, pattern: "^[A-Za-z0-9._-]{3,32}$")
    .description("Case does not tell names apart.")

  static let displayName = Schema.string(length: 1...128, pattern: "^[^\\u0000]*$")

  static let password = Schema.string(length: 8...1024, format: "password")

  static let user = Schema.component(
    "User",
    .object(
      .required("id", .uuid),
      .required("username", .username),
      .required("displayName", .string),
      .required("role", .oneOf("user", "admin")),
      .required("createdAt", .time),
      .optional("avatarUrl", .string(format: "uri")),
      .optional("lastSeenAt", .time, "To the minute: when a socket of theirs last came or went."),
      .optional("disabled", .boolean, "They cannot log in.")))

  /// What logging in gives.
  static let session = Schema.component(
    "Session",
    .object(
      .required("user", .user),
      .optional("accessToken", .string, "A JWT; absent where it is in a cookie."),
      .required("expiresIn", .integer(0...Int64.max), "Seconds for which the access token is valid."),
      .optional("refreshToken", .string, "Good for one refresh; absent where it is in a cookie.")))

  /// A place where a user is logged in.
  static let sessionSummary = Schema.component(
    "SessionSummary",
    .object(
      .required("id", .uuid),
      .required("createdAt", .time),
      .required("lastUsedAt", .time, "When it was last logged in to or refreshed."),
      .required("expiresAt", .time),
      .optional("userAgent", .string),
      .optional("address", .string),
      .required("current", .boolean, "It is the one that asks.")))
}
