import HTTP

// What the API says about webhooks and devices.

extension Schema {
  static let webhook = Schema.component(
    "Webhook",
    .object(
      .required("id", .uuid),
      .required("url", .string),
      .required("events", .array(.string), "Kinds of events; `*` is all."),
      .required("state", .oneOf("active", "disabled"), "Disabled after it had failed for too long."),
      .optional("secret", .string, "Of the signatures; shown when it is made."),
      .required("createdBy", .uuid),
      .required("createdAt", .time),
      .optional("failingSince", .time, "Since when nothing was delivered."),
      .optional("disabledAt", .time),
      .optional("lastError", .string)))

  static let webhookDelivery = Schema.component(
    "WebhookDelivery",
    .object(
      .required("id", .uuid),
      .required("eventId", .uuid, "The `webhook-id` of its requests."),
      .required("type", .string),
      .required("state", .oneOf("pending", "parked")),
      .required("attempts", .integer(0...Int64.max)),
      .optional("nextAttemptAt", .time),
      .optional("lastStatus", .integer(0...999)),
      .optional("lastError", .string),
      .required("createdAt", .time)))

  static let pushDevice = Schema.component(
    "PushDevice",
    .object(.required("id", .string), .required("platform", .string), .required("updatedAt", .time)))
}
