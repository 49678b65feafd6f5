import Commands

/// Telling other people's servers of events.
package struct WebhookOptions: Sendable {
  package let allowsPrivate: Bool
  package let authorities: String?
  package let timeout: Duration
  package let attempts: Int
  package let firstPause: Duration
  package let longestPause: Duration
  package let patience: Duration

  init(_ settings: inout SettingReader) {
    settings.section("webhooks", "Webhooks", "Telling other people's servers of events; the role inbox does it.")
    allowsPrivate = settings.flag(
      "webhooks.allowPrivate", default: false,
      "Whether webhooks may be on this machine or in private networks. It lets who makes webhooks reach them.")
    authorities = settings.optional(
      "webhooks.caFile", .file, defaultText: "the system's",
      "Certificates of the authorities, PEM, that servers of webhooks are known by.")
    timeout = settings.value(
      "webhooks.timeout", .duration(.milliseconds(100) ... .seconds(120)), default: .seconds(10),
      "How long a server may take for a delivery.")
    attempts = settings.value(
      "webhooks.attempts", .int(1...100), default: 12, "How often a delivery is tried before it is parked.")
    firstPause = settings.value(
      "webhooks.firstPause", .duration(.milliseconds(10) ... .seconds(3600)), default: .seconds(5),
      "The pause after the first failure; each further one is twice as long.")
    longestPause = settings.value(
      "webhooks.longestPause", .duration(.milliseconds(10) ... .seconds(86_400)), default: .seconds(3600),
      "The longest pause between two attempts.")
    patience = settings.value(
      "webhooks.patience", .duration(.seconds(1) ... .seconds(90 * 86_400)), default: .seconds(3 * 86_400),
      "How long a webhook may fail before it is disabled.")
  }
}
