import Commands

/// Publishing what others left in the outbox.
package struct OutboxOptions: Sendable {
  package let relayAge: Duration
  package let relayInterval: Duration
  package let relayBatch: Int

  init(_ settings: inout SettingReader) {
    settings.section(
      "outbox", "Outbox", "Publishing what a process that died, or a bus that was away, has left behind.")
    relayAge = settings.value(
      "outbox.relayAge", .duration(.milliseconds(500) ... .seconds(600)), default: .seconds(2),
      "Younger events are still their writer's to publish.")
    relayInterval = settings.value(
      "outbox.relayInterval", .duration(.milliseconds(100) ... .seconds(600)), default: .seconds(1),
      "The pause after a look that found nothing.")
    relayBatch = settings.value(
      "outbox.relayBatch", .int(1...10_000), default: 500, "Events that are published at once.")
  }
}
