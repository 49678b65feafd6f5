import Commands

/// Who is online.
package struct PresenceOptions: Sendable {
  package let ttl: Duration
  package let grace: Duration
  package let sweepInterval: Duration
  package let maxMembers: Int
  package let maxSubscriptions: Int
  package let maxBatch: Int

  init(_ settings: inout SettingReader) {
    settings.section(
      "presence", "Presence", "Who is online. Every process of an installation needs the same.")
    ttl = settings.value(
      "presence.ttl", .duration(.seconds(1) ... .seconds(600)), default: .seconds(30),
      "How long a device is there after it has last given a sign; sockets give it by themselves, three times as often.")
    grace = settings.value(
      "presence.grace", .duration(.zero ... .seconds(600)), default: .seconds(10),
      "How long a user whose last device has gone is still online.")
    sweepInterval = settings.value(
      "presence.sweepInterval", .duration(.milliseconds(100) ... .seconds(60)), default: .seconds(10),
      "How often the role presence looks for those who have gone without a word.")
    maxMembers = settings.value(
      "presence.maxMembers", .int(1...1000), default: 200,
      "Conversations with more members tell only how many of them are online.")
    maxSubscriptions = settings.value(
      "presence.maxSubscriptions", .int(0...100_000), default: 1000,
      "Users whose presence one socket may have subscribed to, besides the members of its conversations.")
    maxBatch = settings.value(
      "presence.maxBatch", .int(1...10_000), default: 500,
      "Users whose presence may be asked for, or subscribed to, at once.")
  }
}
