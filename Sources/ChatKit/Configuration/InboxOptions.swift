import Commands

/// What follows from events: mentions, updates, counts.
package struct InboxOptions: Sendable {
  package let attempts: Int
  package let memory: Duration
  package let maxMembers: Int
  package let updateInterval: Duration
  package let comparisonInterval: Duration

  init(_ settings: inout SettingReader) {
    settings.section("inbox", "Inbox worker", "What the role inbox does with events; docs/INBOX.md has the whole.")
    attempts = settings.value(
      "inbox.attempts", .int(1...20), default: 5,
      "How often an event that fails is tried before it is put among the dead letters.")
    memory = settings.value(
      "inbox.memory", .duration(.seconds(3600) ... .seconds(30 * 86_400)), default: .seconds(2 * 86_400),
      "How long the ids of events that were done are kept.")
    maxMembers = settings.value(
      "inbox.maxMembers", .int(1...100_000), default: 1000,
      "In larger conversations only who was mentioned gets inbox:update and push notifications.")
    updateInterval = settings.value(
      "inbox.updateInterval", .duration(.milliseconds(100) ... .seconds(60)), default: .seconds(1),
      "The least time between two inbox:update of a conversation.")
    comparisonInterval = settings.value(
      "inbox.comparisonInterval", .duration(.seconds(1) ... .seconds(86_400)), default: .seconds(300),
      "How often all conversations are compared with what was done, for what the bus has lost.")
  }
}
