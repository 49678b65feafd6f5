import Commands

/// Notifications for people who are offline.
package struct PushOptions: Sendable {
  package let url: String?
  package let secret: Secret
  package let timeout: Duration
  package let attempts: Int

  init(_ settings: inout SettingReader) {
    settings.section("push", "Push", "Notifications for people who are offline; the role inbox sends them.")
    url = settings.optional(
      "push.url", .string("URL", example: "https://push.example/chatd"), defaultText: "nobody is notified",
      "The server that brings notifications to devices; each is posted to it.")
    secret = settings.secret("push.secret", "The file with the secret that notifications are signed with.")
    timeout = settings.value(
      "push.timeout", .duration(.milliseconds(100) ... .seconds(120)), default: .seconds(10),
      "How long that server may take for a notification.")
    attempts = settings.value(
      "push.attempts", .int(1...100), default: 8, "How often a notification is tried.")
  }
}
