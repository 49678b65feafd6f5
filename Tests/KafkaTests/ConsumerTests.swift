import Kafka
import Networking
import TestSupport
import Testing

@Suite("The Kafka consumer", .kafka)
struct ConsumerTests {
  @Test("an offset is committed when the handler has returned, and the next member goes on behind it")
  func commits() async throws {
    try await Fixture.with { kafka in
      try await kafka.produce((0..<100).map { kafka.record("", "\($0)") })
      let first = Seen()
      var settings = KafkaConsumer.Settings()
      settings.batch = 10
      let one = try kafka.consumer(settings) { records in
        #expect(records.count <= 10)
        first.records += records
        // What is in hand is not committed yet.
        let committed = try await kafka.admin.committedOffsets(of: kafka.group)[kafka.partition] ?? 0
        #expect(committed <= records[0].offset)
        if first.records.count >= 50 { first.flag = true }
      }
      try await eventually("half of them") { first.flag }
      await one.close()
      let committed = try await kafka.admin.committedOffsets(of: kafka.group)
      #expect(committed[kafka.partition] == Int64(first.records.count))
      let second = Seen()
      let two = try kafka.consumer { second.records += $0 }
      try await eventually("the rest") { first.records.count + second.records.count >= 100 }
      await two.close()
      #expect((first.values + second.values) == (0..<100).map { "\($0)" })
      #expect(try await kafka.admin.lag(of: kafka.group, in: kafka.topic)[kafka.partition]?.records == 0)
    }
  }

  @Test("a partition whose handler is slow does not hold up the others")
  func independence() async throws {
    try await Fixture.with(partitions: 2) { kafka in
      let seen = Seen()
      let consumer = try kafka.consumer { records in
        if records[0].partition.partition == 0 {
          while !seen.flag { try await kafka.loop.sleep(for: .milliseconds(5)) }
        }
        seen.records += records
      }
      try await kafka.produce([kafka.record("", "slow", partition: 0)])
      for n in 0..<20 { try await kafka.produce([kafka.record("", "\(n)", partition: 1)]) }
      try await eventually("the other partition's") { seen.records.count == 20 }
      seen.flag = true
      try await eventually("all") { seen.records.count == 21 }
      #expect(seen.values.last == "slow")
      await consumer.close()
    }
  }

  @Test("what the handler does not take stays with Kafka")
  func backPressure() async throws {
    try await Fixture.with { kafka in
      let seen = Seen()
      let consumer = try kafka.consumer { records in
        seen.records += records
        while !seen.flag { try await kafka.loop.sleep(for: .milliseconds(5)) }
      }
      let large = String(repeating: "x", count: 10_000)
      for _ in 0..<4 { try await kafka.produce((0..<500).map { _ in kafka.record("", large) }) }
      try await eventually("the first batch") { !seen.records.isEmpty }
      try await kafka.loop.sleep(for: .milliseconds(300))
      #expect(seen.records.count <= 512)
      seen.flag = true
      try await eventually("all") { seen.records.count >= 2000 }
      await consumer.close()
      #expect(seen.records.map(\.offset) == Array(0..<2000))
    }
  }

  @Test("a paused partition is given no more, until it is resumed, and nothing is lost or repeated")
  func pausing() async throws {
    try await Fixture.with(partitions: 2) { kafka in
      let seen = Seen()
      let consumer = try kafka.consumer { seen.records += $0 }
      try await eventually("both partitions") { consumer.partitions.count == 2 }
      try await kafka.produce([kafka.record("", "a", partition: 0), kafka.record("", "b", partition: 1)])
      try await eventually("one each") { seen.records.count == 2 }
      consumer.pause([kafka.partition])
      try await kafka.produce((0..<10).map { kafka.record("", "held \($0)", partition: 0) })
      try await kafka.produce((0..<10).map { kafka.record("", "free \($0)", partition: 1) })
      try await eventually("those of the other") { seen.records.count == 12 }
      try await kafka.loop.sleep(for: .milliseconds(500))
      #expect(!seen.values.contains { $0.hasPrefix("held") })
      consumer.resume([kafka.partition])
      try await eventually("all") { seen.records.count == 22 }
      #expect(seen.values.filter { $0.hasPrefix("held") } == (0..<10).map { "held \($0)" })
      await consumer.close()
    }
  }

  @Test("a rebalance waits for what is in the handler, and its commit: nothing is done twice")
  func rebalance() async throws {
    try await Fixture.with(partitions: 4) { kafka in
      let first = Seen()
      let second = Seen()
      var settings = KafkaConsumer.Settings()
      settings.batch = 5
      func slow(_ seen: Seen) -> KafkaConsumer.Handler {
        { records in
          try await kafka.loop.sleep(for: .milliseconds(30))
          seen.records += records
        }
      }
      var total = 0
      func produce(_ count: Int) async throws {
        try await kafka.produce((total..<total + count).map { kafka.record("", "\($0)", partition: Int32($0 % 4)) })
        total += count
      }
      let one = try kafka.consumer(settings, slow(first))
      try await eventually("all four") { one.partitions.count == 4 }
      try await produce(400)
      try await eventually("some") { first.records.count > 20 }
      let two = try kafka.consumer(settings, slow(second))
      // There is always something in hand while the partitions move.
      try await eventually("some for the other") {
        try await produce(40)
        return !second.records.isEmpty
      }
      #expect(one.partitions.count == 2 && two.partitions.count == 2)
      try await produce(40)
      await one.close()
      try await eventually("all") { first.records.count + second.records.count >= total }
      await two.close()
      #expect(one.losses + two.losses == 0)
      // Each once, and those of a partition in their order.
      #expect(first.records.count + second.records.count == total)
      for partition in 0..<4 {
        let offsets = (first.records + second.records).filter { $0.partition.partition == partition }.map(\.offset)
        #expect(offsets == Array(0..<Int64(total / 4)), "partition \(partition)")
      }
    }
  }

  @Test("a member that dies is followed by another, which does again what was not committed")
  func death() async throws {
    try await Fixture.with { kafka in
      try await kafka.produce((0..<10).map { kafka.record("", "\($0)") })
      let first = Seen()
      var settings = KafkaConsumer.Settings()
      settings.patience = .milliseconds(700)
      let one = try kafka.consumer(settings) { records in
        first.records += records
        try await kafka.loop.sleep(for: .seconds(3600))
      }
      one.onError = { first.errors.append($0) }
      try await eventually("a stuck handler") { !first.records.isEmpty }
      let second = Seen()
      let two = try kafka.consumer { second.records += $0 }
      try await eventually("the other has them") { second.records.count == 10 }
      #expect(first.errors.contains { $0.name == "_MAX_POLL_EXCEEDED" })
      #expect(one.partitions.isEmpty)
      await one.close()
      await two.close()
    }
  }

  @Test("a member whose handler was stuck comes back when it has returned")
  func comeback() async throws {
    try await Fixture.with { kafka in
      let seen = Seen()
      var settings = KafkaConsumer.Settings()
      settings.patience = .milliseconds(500)
      let consumer = try kafka.consumer(settings) { records in
        seen.records += records
        while !seen.flag { try await kafka.loop.sleep(for: .milliseconds(5)) }
      }
      try await kafka.produce([kafka.record("", "once")])
      try await eventually("a stuck handler") { seen.records.count == 1 }
      try await eventually("it has left") { consumer.partitions.isEmpty }
      seen.flag = true
      // Not committed, so it is done again.
      try await eventually("it is back") { seen.records.count == 2 }
      try await eventually("committed") {
        try await kafka.admin.committedOffsets(of: kafka.group)[kafka.partition] == 1
      }
      await consumer.close()
    }
  }

  @Test("a group that starts at the end gets what comes")
  func latest() async throws {
    try await Fixture.with { kafka in
      try await kafka.produce([kafka.record("", "old")])
      let seen = Seen()
      var settings = KafkaConsumer.Settings()
      settings.start = .latest
      let consumer = try kafka.consumer(settings) { seen.records += $0 }
      try await eventually("a member") { !consumer.partitions.isEmpty }
      // The position is asked for after the assignment.
      try await eventually("a new one") {
        try await kafka.produce([kafka.record("", "new")])
        return !seen.records.isEmpty
      }
      await consumer.close()
      #expect(Set(seen.values) == ["new"])
    }
  }

  @Test("new partitions are found without a restart")
  func growth() async throws {
    try await Fixture.with { kafka in
      var configuration = kafka.configuration
      configuration.properties["topic.metadata.refresh.interval.ms"] = "500"
      let seen = Seen()
      let consumer = try KafkaConsumer(configuration, group: kafka.group, topics: [kafka.topic], loop: kafka.loop) {
        seen.records += $0
      }
      try await eventually("a member") { consumer.partitions.count == 1 }
      try await kafka.admin.createPartitions(of: kafka.topic, total: 3)
      try await eventually("three partitions") { consumer.partitions.count == 3 }
      try await kafka.produce((0..<3).map { kafka.record("", "\($0)", partition: Int32($0)) })
      try await eventually("all") { seen.records.count == 3 }
      await consumer.close()
    }
  }

  @Test("a topic in which nothing happens keeps its member")
  func idle() async throws {
    try await Fixture.with { kafka in
      var configuration = kafka.configuration
      // The least that Kafka allows; our watchdog looks every 5 s.
      configuration.properties["max.poll.interval.ms"] = "6100"
      let seen = Seen()
      let consumer = try KafkaConsumer(configuration, group: kafka.group, topics: [kafka.topic], loop: kafka.loop) {
        seen.records += $0
      }
      consumer.onError = { seen.errors.append($0) }
      try await eventually("a member") { consumer.partitions.count == 1 }
      consumer.onAssignment = { seen.assignments.append($0) }
      // There is nothing to wait for but the time.
      try await kafka.loop.sleep(for: .seconds(8))
      #expect(seen.assignments.isEmpty && seen.errors.isEmpty, "\(seen.errors)")
      try await kafka.produce([kafka.record("", "x")])
      try await eventually("it") { seen.records.count == 1 }
      await consumer.close()
    }
  }

  @Test("closing without a broker is bounded")
  func closing() async throws {
    try await withLoop { loop in
      let port = try FreePort.pick()
      var settings = KafkaConsumer.Settings()
      settings.patience = .seconds(1)
      settings.session = .seconds(2)
      let consumer = try KafkaConsumer(
        KafkaConfiguration(brokers: ["127.0.0.1:\(port)"]), group: "g", topics: ["t"], loop: loop, settings: settings
      ) { _ in }
      try await within(.seconds(20), "the end") {
        try await loop.submit { await consumer.close() }
      }
    }
  }
}
