import Kafka
import Networking
import TestSupport
import Testing

@Suite("Kafka's brokers that die", .serialized, .enabled(if: TestKafka.canStart, "no Kafka to start: see TestKafka"))
struct BrokerDeathTests {
  /// Produces and consumes while `fault` happens: what was acknowledged must be consumed, in order and without gaps.
  private static func run(
    _ configuration: KafkaConfiguration, _ fault: @escaping @Sendable (Fixture) async throws -> Void
  ) async throws {
    try await Fixture.with(partitions: 2, on: configuration) { kafka in
      let seen = Seen()
      let acknowledged = Seen()
      let consumer = try kafka.consumer { seen.records += $0 }
      let producer = try kafka.producer()
      let producing = kafka.loop.start {
        var number = 0
        while !acknowledged.flag {
          do throws(KafkaError) {
            try await producer.produce((0..<10).map { kafka.record("\(number % 2)", "\(number * 10 + $0)") })
            acknowledged.count += 1
            number += 1
          } catch {
            // In doubt: the same again. Whoever consumes sees it twice, perhaps.
            guard error.isRetriable, !error.isFatal else { return acknowledged.errors.append(error) }
          }
          try? await kafka.loop.sleep(for: .milliseconds(2))
        }
      }
      try await eventually("something") { seen.records.count > 100 }
      try await fault(kafka)
      let before = acknowledged.count
      try await eventually("life after it") { acknowledged.count > before + 50 }
      acknowledged.flag = true
      await producing.value
      #expect(acknowledged.errors.isEmpty, "\(acknowledged.errors)")
      let total = acknowledged.count * 10
      try await eventually("all") { Set(seen.values).count >= total }
      for key in ["0", "1"] {
        var next = key == "0" ? 0 : 10
        for record in seen.records where String(decoding: record.key, as: UTF8.self) == key {
          let number = Int(String(decoding: record.value, as: UTF8.self)) ?? -1
          if number > next { Issue.record("\(next) is missing before \(number)") }
          next = number % 10 == 9 ? number + 11 : number + 1
        }
      }
      await producer.close()
      await consumer.close()
    }
  }

  @Test("the only broker is killed and restarted: nothing that was acknowledged is lost")
  func alone() async throws {
    let broker = try await KafkaBroker.start(in: "\(try TemporaryFolder.make())/kafka")
    try await Self.run(KafkaConfiguration(brokers: [broker.address])) { kafka in
      let before = broker.pid
      try await broker.kill()
      try await kafka.loop.sleep(for: .milliseconds(300))
      try await broker.startAgain()
      #expect(broker.pid != before)
    }
    try await broker.stop()
  }

  @Test("one broker of three is killed: the others go on, and it comes back")
  func ofThree() async throws {
    let brokers = try await KafkaBroker.startCluster(in: "\(try TemporaryFolder.make())/kafka")
    try await Self.run(KafkaConfiguration(brokers: brokers.map(\.address))) { kafka in
      let metadata = try await kafka.admin.metadata(of: kafka.topic)
      let leader = try #require(metadata.topics[kafka.topic]?.partitions[0].leader)
      try await brokers[Int(leader) - 1].kill()
      try await eventually("another leader") {
        let found = try? await kafka.admin.metadata(of: kafka.topic).topics[kafka.topic]?.partitions[0].leader
        return found.flatMap { $0 } != nil && found != leader
      }
      try await brokers[Int(leader) - 1].startAgain()
    }
    // Without a quorum none would end in good order.
    for broker in brokers { try await broker.kill() }
  }

  @Test("whoever asks about groups lives on when their coordinator is killed, and learns of them again")
  func coordinator() async throws {
    let brokers = try await KafkaBroker.startCluster(in: "\(try TemporaryFolder.make())/kafka")
    try await Fixture.with(partitions: 2, on: KafkaConfiguration(brokers: brokers.map(\.address))) { kafka in
      let admin = kafka.admin
      try await kafka.produce((0..<10).map { kafka.record("", "\($0)", partition: Int32($0 % 2)) })
      let seen = Seen()
      let consumer = try kafka.consumer { seen.records += $0 }
      try await eventually("all") { seen.records.count == 10 }
      try await eventually("it has committed") { try await admin.committedOffsets(of: kafka.group).count == 2 }
      let group = try #require(try await admin.describeGroups([kafka.group])[kafka.group]).get()
      let port = group.coordinator.split(separator: ":").last.map(String.init)
      let broker = try #require(brokers.first { $0.address.hasSuffix(":\(port ?? "?")") })
      // Requests are under way all the time, as of a live view.
      let asking = Asking(admin, kafka.group, [kafka.partition: 1])
      asking.start(kafka.loop)
      try await eventually("some answers") { asking.answers > 3 }
      try await broker.kill()
      try await eventually(within: .seconds(60), "another coordinator") {
        let found = try? await admin.describeGroups([kafka.group])[kafka.group]?.get()
        return found?.state == .stable && found?.coordinator != group.coordinator && found?.members.count == 1
      }
      let before = asking.answers
      try await eventually(within: .seconds(60), "answers again") { asking.answers > before + 3 }
      asking.stop()
      // The list is whole again, once the cluster no longer counts the dead one.
      try await eventually(within: .seconds(60), "the list, with the group at rest") {
        (try? await admin.listGroups())?.contains { $0.name == kafka.group && $0.state == .stable } == true
      }
      await consumer.close()
    }
    for broker in brokers { try await broker.kill() }
  }

  /// Asks and asks; errors are answers that do not count.
  private final class Asking: @unchecked Sendable {
    private let admin: KafkaAdmin
    private let group: String
    private let offsets: [KafkaPartition: Int64]
    private(set) var answers = 0
    private var isStopped = false

    init(_ admin: KafkaAdmin, _ group: String, _ offsets: [KafkaPartition: Int64]) {
      self.admin = admin
      self.group = group
      self.offsets = offsets
    }

    func start(_ loop: EventLoop) {
      loop.start { [self] in
        while !isStopped {
          try? await loop.sleep(for: .milliseconds(2))
          _ = try? await admin.describeGroups([group])
          if (try? await admin.alterOffsets(of: "\(group)-idle", offsets)) != nil { answers += 1 }
          _ = try? await admin.committedOffsets(of: group, in: Array(offsets.keys))
        }
      }
    }

    func stop() { isStopped = true }
  }
}
