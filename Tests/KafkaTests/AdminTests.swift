import Networking
import Primitives
import TestSupport
import Testing

@testable import Kafka

@Suite("Kafka's administration", .kafka)
struct AdminTests {
  @Test("topics are made, seen, grown and deleted; what fails is said for each")
  func topics() async throws {
    try await Fixture.with(partitions: 2) { kafka in
      let admin = kafka.admin
      let other = TestKafka.name("other")
      let wish = KafkaNewTopic(other, partitions: 1, configuration: ["retention.ms": "1000"])
      #expect(try await admin.createTopics([wish], validatesOnly: true).isEmpty)
      #expect(try await admin.metadata(of: other).topics[other]?.error?.isUnknownTopic == true)
      let failures = try await admin.createTopics([wish, KafkaNewTopic(kafka.topic, partitions: 1)])
      #expect(failures.keys.sorted() == [kafka.topic])
      #expect(failures[kafka.topic]?.isTopicThere == true)
      // A broker learns of it a moment after the controller.
      try await eventually("its settings") {
        (try? await admin.describeConfigs(.topic(other)))?["retention.ms"]?.value == "1000"
      }

      try await admin.createPartitions(of: kafka.topic, total: 5)
      try await eventually("five") { (try? await admin.partitions(of: kafka.topic))?.count == 5 }
      let error = await #expect(throws: KafkaError.self) {
        try await admin.createPartitions(of: kafka.topic, total: 2)
      }
      #expect(error?.name == "INVALID_PARTITIONS" && error?.isRetriable == false)

      #expect(try await admin.deleteTopics([other, "never-was"]).keys.sorted() == ["never-was"])
      try await eventually("it is gone") {
        try await admin.metadata(of: other).topics[other]?.error?.isUnknownTopic == true
      }
      await #expect(throws: KafkaError.self) { try await admin.partitions(of: other) }
      let all = try await admin.metadata()
      #expect(all.topics[kafka.topic] != nil && !all.brokers.isEmpty)
      #expect(try await admin.clusterID()?.isEmpty == false)
      let bad = try await admin.createTopics([KafkaNewTopic("not a name!", partitions: 1)])
      #expect(bad["not a name!"]?.name == "TOPIC_EXCEPTION")
    }
  }

  @Test("an alteration leaves alone what it does not name")
  func configs() async throws {
    try await Fixture.with { kafka in
      let topic = KafkaResource.topic(kafka.topic)
      try await kafka.admin.alterConfigs(topic, ["retention.ms": "60000", "cleanup.policy": "compact"])
      try await eventually("both") {
        let settings = try await kafka.admin.describeConfigs(topic)
        return settings["retention.ms"]?.value == "60000" && settings["cleanup.policy"]?.isOwn == true
      }
      #expect(
        try await kafka.admin.planConfigs(topic, ["retention.ms": "5000", "cleanup.policy": "compact"])
          == [KafkaSettingChange(name: "retention.ms", from: "60000", to: "5000")])
      let changes = try await kafka.admin.alterConfigs(topic, ["retention.ms": nil, "segment.bytes": "1048576"])
      #expect(
        changes == [
          KafkaSettingChange(name: "retention.ms", from: "60000", to: nil),
          KafkaSettingChange(name: "segment.bytes", from: nil, to: "1048576"),
        ])
      try await eventually("the change") {
        try await kafka.admin.describeConfigs(topic)["retention.ms"]?.isOwn == false
      }
      let settings = try await kafka.admin.describeConfigs(topic)
      #expect(settings["cleanup.policy"]?.value == "compact")
      #expect(settings["segment.bytes"]?.value == "1048576")
      #expect(try await kafka.admin.alterConfigs(topic, ["segment.bytes": "1048576"]).isEmpty)
      let error = await #expect(throws: KafkaError.self) {
        try await kafka.admin.alterConfigs(topic, ["retention.ms": "soon"])
      }
      #expect(error?.name == "INVALID_CONFIG")
      await #expect(throws: KafkaError.self) { try await kafka.admin.describeConfigs(.topic("never-was")) }
      let broker = try #require(try await kafka.admin.metadata().brokers.first)
      let ofBroker = try await kafka.admin.describeConfigs(.broker(broker.id))
      #expect(ofBroker["node.id"]?.value == "\(broker.id)" && ofBroker["node.id"]?.isReadOnly == true)
    }
  }

  @Test("records are deleted below an offset, found by time, and counted by watermarks")
  func records() async throws {
    try await Fixture.with(partitions: 2) { kafka in
      let admin = kafka.admin
      try await kafka.produce((0..<10).map { kafka.record("", "\($0)", partition: 0) })
      let between = Timestamp.now()
      // Kafka's times are whole milliseconds.
      try await kafka.loop.sleep(for: .milliseconds(5))
      try await kafka.produce((0..<5).map { kafka.record("", "\($0)", partition: 0) })
      let empty = KafkaPartition(kafka.topic, 1)
      let marks = try await admin.watermarks(of: [kafka.partition, empty])
      #expect(marks == [kafka.partition: KafkaWatermarks(low: 0, high: 15), empty: KafkaWatermarks(low: 0, high: 0)])
      let after = Timestamp(microseconds: between.microseconds + 1000)
      #expect(try await admin.offsets(at: after, of: [kafka.partition, empty]) == [kafka.partition: 10, empty: 0])
      let future = Timestamp(microseconds: between.microseconds + 3_600_000_000)
      #expect(try await admin.offsets(at: future, of: [kafka.partition]) == [kafka.partition: 15])

      let deleted = try await admin.deleteRecords(before: [kafka.partition: 4])
      #expect(try deleted[kafka.partition]?.get() == 4)
      #expect(try await admin.watermarks(of: [kafka.partition])[kafka.partition] == KafkaWatermarks(low: 4, high: 15))
      let beyond = try await admin.deleteRecords(before: [kafka.partition: 99])
      #expect(throws: KafkaError.self) { try beyond[kafka.partition]?.get() }
      #expect(try await admin.deleteRecords(before: [kafka.partition: -1])[kafka.partition]?.get() == 15)
    }
  }

  @Test("records are read at an offset by who is no member, with their times, and nothing where there is none")
  func reading() async throws {
    try await Fixture.with(partitions: 3) { kafka in
      let admin = kafka.admin
      let before = Timestamp.now()
      try await kafka.produce((0..<10).map { kafka.record("k", "\($0)", partition: Int32($0 % 2)) })
      let (first, second, empty) = (kafka.partition, KafkaPartition(kafka.topic, 1), KafkaPartition(kafka.topic, 2))
      let one = try await admin.records(from: [first: 3, second: 0, empty: 0])
      #expect(one[first]?.map(\.offset) == [3] && one[first]?.first?.value == Array("6".utf8))
      #expect(one[second]?.map(\.offset) == [0] && one[second]?.first?.key == Array("k".utf8))
      #expect(one[empty] == [])
      let time = try #require(one[first]?.first?.timestamp)
      // Kafka's times are whole milliseconds.
      #expect(time.microseconds >= before.microseconds - 1000 && time <= .now())
      // Again, from elsewhere, by the same client; and no further than there are.
      #expect(try await admin.records(from: [first: 1], limit: 3)[first]?.map(\.offset) == [1, 2, 3])
      #expect(try await admin.records(from: [first: 3], limit: 9)[first]?.map(\.offset) == [3, 4])
      // What is gone, and what is not there yet.
      _ = try await admin.deleteRecords(before: [first: 2])
      #expect(try await admin.records(from: [first: 0, second: 99]) == [first: [], second: []])
      let error = await #expect(throws: KafkaError.self) {
        try await admin.records(from: [KafkaPartition("never-was", 0): 0])
      }
      #expect(error?.isUnknownTopic == true, "\(String(describing: error))")
    }
  }

  @Test("a key's partition is the one that a producer puts it into")
  func keys() async throws {
    try await Fixture.with(partitions: 5) { kafka in
      let keys = (0..<20).map { "key-\($0)" }
      try await kafka.produce(keys.map { kafka.record($0, $0) })
      let starts = Dictionary(uniqueKeysWithValues: (0..<5).map { (KafkaPartition(kafka.topic, $0), Int64(0)) })
      let found = try await kafka.admin.records(from: starts, limit: 100)
      for record in found.values.joined() {
        #expect(KafkaAdmin.partition(ofKey: record.key, of: 5) == record.partition.partition)
      }
      #expect(found.values.joined().count == 20)
    }
  }

  @Test("groups are listed, described with their members, reset when they are empty, and deleted")
  func groups() async throws {
    try await Fixture.with(partitions: 2) { kafka in
      let admin = kafka.admin
      try await kafka.produce((0..<10).map { kafka.record("", "\($0)", partition: Int32($0 % 2)) })
      #expect(try await admin.committedOffsets(of: kafka.group).isEmpty)
      let seen = Seen()
      let consumer = try kafka.consumer { seen.records += $0 }
      try await eventually("all") { seen.records.count == 10 }
      try await eventually("both committed") { try await admin.committedOffsets(of: kafka.group).count == 2 }
      #expect(try await admin.listGroups().first { $0.name == kafka.group }?.state == .stable)
      let group = try #require(try await admin.describeGroups([kafka.group])[kafka.group]).get()
      #expect(group.state == .stable && group.assignor == "range" && group.members.count == 1)
      #expect(group.members.first?.client == "chatd" && group.members.first?.partitions.count == 2)
      #expect(!group.coordinator.isEmpty)

      // Of an active group, each partition is refused.
      let refused = try await admin.alterOffsets(of: kafka.group, [kafka.partition: 0])
      #expect(refused[kafka.partition] != nil)
      #expect(try await admin.deleteGroups([kafka.group])[kafka.group]?.isGroupActive == true)

      await consumer.close()
      #expect(try await admin.describeGroups([kafka.group])[kafka.group]?.get().state == .empty)
      #expect(try await admin.alterOffsets(of: kafka.group, [kafka.partition: 2]).isEmpty)
      let lag = try await admin.lag(of: kafka.group, in: kafka.topic)
      #expect(lag[kafka.partition]?.records == 3)
      #expect(lag[KafkaPartition(kafka.topic, 1)]?.records == 0)
      _ = try await admin.deleteRecords(before: [kafka.partition: 3])
      #expect(try await admin.lag(of: kafka.group, in: kafka.topic)[kafka.partition]?.lost == 1)
      #expect(try await admin.deleteGroups([kafka.group, "never-was"]).keys.sorted() == ["never-was"])
      #expect(try await admin.describeGroups([kafka.group])[kafka.group]?.get().state == .dead)
    }
  }

  @Test("requests to a cluster that is away fail when their time is up, or when the client ends")
  func away() async throws {
    try await withLoop { loop in
      let port = try FreePort.pick()
      let admin = try KafkaAdmin(
        KafkaConfiguration(brokers: ["127.0.0.1:\(port)"]), loop: loop, timeout: .milliseconds(600))
      let error = await #expect(throws: KafkaError.self) { try await admin.listGroups() }
      #expect(error?.isRetriable == true, "\(String(describing: error))")
      let second = await #expect(throws: KafkaError.self) { try await admin.metadata() }
      #expect(second?.isRetriable == true, "\(String(describing: second))")
      let patient = try KafkaAdmin(KafkaConfiguration(brokers: ["127.0.0.1:\(port)"]), loop: loop)
      let pending = loop.start { () -> KafkaError? in
        do throws(KafkaError) {
          _ = try await patient.createTopics([KafkaNewTopic("x", partitions: 1)])
          return nil
        } catch {
          return error
        }
      }
      await patient.close()
      #expect(await pending.value?.name == "_DESTROY")
      await admin.close()
    }
  }
}
