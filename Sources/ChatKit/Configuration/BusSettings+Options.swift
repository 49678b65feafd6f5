import Kafka

// What the parts of the bus are told by chatd's settings.

extension RedisStreamBus.Settings {
  package init(_ options: BusOptions) {
    self.init()
    topic = options.topic
    partitions = options.partitions
    retention = options.retention
    limit = max(options.limit, options.retention)
    lease = options.lease
  }
}

extension KafkaBus.Settings {
  package init(_ options: ServerOptions) {
    self.init()
    topic = options.bus.topic
    partitions = options.bus.partitions
    replication = options.kafka.replication
    timeout = options.kafka.publishTimeout
    consumer.patience = options.kafka.patience
    consumer.session = options.kafka.sessionTimeout
  }
}

extension OutboxRelay.Settings {
  package init(_ options: OutboxOptions, _ bus: BusOptions) {
    self.init()
    encoding = bus.encoding
    age = options.relayAge
    interval = options.relayInterval
    batch = options.relayBatch
  }
}
