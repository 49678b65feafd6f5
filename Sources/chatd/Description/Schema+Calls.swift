import ChatKit
import HTTP

// What the API says about calls.

extension Schema {
  static let callMedia = Schema.oneOf(Call.Media.allCases.map(\.rawValue))

  static let call = Schema.component(
    "Call",
    .object(
      .required("id", .uuid),
      .required("conversationId", .uuid),
      .required("creatorId", .uuid),
      .required("media", .callMedia),
      .required("state", .oneOf(Call.State.allCases.map(\.rawValue))),
      .optional("outcome", .oneOf(Call.Outcome.allCases.map(\.rawValue)), "How it ended."),
      .required(
        "version", .integer(1...Int64.max), "Of two states that are known of a call, the greater is the later."),
      .required("createdAt", .time),
      .optional("answeredAt", .time),
      .optional("endedAt", .time),
      .optional("duration", .integer(0...Int64.max), "Seconds from the answer to the end."),
      .required(
        "participants",
        .array(
          .object(
            .required("userId", .uuid),
            .required("state", .oneOf(Call.Participant.State.allCases.map(\.rawValue))),
            .optional("ringingSince", .time),
            .optional("ringingUntil", .time, "Of who is rung."),
            .optional("joinedAt", .time),
            .optional("leftAt", .time))))))

  static let iceServers = Schema.component(
    "IceServers",
    .object(
      .required(
        "iceServers",
        .array(
          .object(
            .required("urls", .array(.string)), .optional("username", .string), .optional("credential", .string)))),
      .required("ttl", .integer(0...Int64.max), "Seconds for which the credentials are good.")))
}
