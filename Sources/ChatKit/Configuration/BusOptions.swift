import Commands

/// What carries events from the store to the gateways.
package struct BusOptions: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case redis
    case kafka
  }

  package let kind: Kind
  package let topic: String
  package let partitions: Int
  package let retention: Int
  package let limit: Int
  package let lease: Duration
  package let encoding: EventEncoding

  init(_ settings: inout SettingReader) {
    settings.section(
      "bus", "Bus",
      "What carries events from the store to the gateways. Every process of an installation needs the same.")
    kind = settings.value(
      "bus.kind", .choice("KIND"), default: .redis, flag: "bus", isCommon: true,
      "Redis Streams, or Kafka, which --kafka names.")
    topic = settings.value(
      "bus.topic", .string("NAME", example: "chat.events"), default: "chat.events", "The name of the topic.")
    partitions = settings.value(
      "bus.partitions", .int(1...1024), default: 8,
      "Partitions of the topic; of one that is in Kafka already, its own count. A conversation's events stay in one; so many gateways can share the work."
    )
    retention = settings.value(
      "bus.retention", .int(1000...100_000_000), default: 100_000,
      "About how many events a partition in Redis Streams keeps that every group has read.")
    limit = settings.value(
      "bus.limit", .int(1000...100_000_000), default: 1_000_000,
      "About how many it keeps for a group that is behind; what is beyond is lost to that group.")
    lease = settings.value(
      "bus.lease", .duration(.seconds(1) ... .seconds(300)), default: .seconds(4),
      "How long a partition in Redis Streams stays with a gateway that says nothing.")
    encoding = settings.value(
      "bus.encoding", .choice("ENCODING"), default: .json,
      "How events are written: json, for eyes, or messagepack, which is shorter. Either is read, so it may be changed one process after the other."
    )
  }
}
