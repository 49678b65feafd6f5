import Kafka
import Networking
import TestSupport
import Testing

@Suite("The Kafka producer", .kafka)
struct ProducerTests {
  @Test("records of a key stay in order, and go where Java's clients would send them")
  func keys() async throws {
    try await Fixture.with(partitions: 4) { kafka in
      try await kafka.produce((0..<200).map { kafka.record("key-\($0 % 10)", "\($0)") })
      let seen = Seen()
      let consumer = try kafka.consumer { seen.records += $0 }
      try await eventually("all records") { seen.records.count >= 200 }
      await consumer.close()
      #expect(seen.records.count == 200)
      for key in 0..<10 {
        let ofKey = seen.records.filter { String(decoding: $0.key, as: UTF8.self) == "key-\(key)" }
        #expect(
          ofKey.map { String(decoding: $0.value, as: UTF8.self) } == stride(from: key, to: 200, by: 10).map { "\($0)" })
        #expect(Set(ofKey.map(\.partition)).count == 1)
      }
      // murmur2("21") & 0x7fffffff, as the Java client's own tests have it, is -973932308.
      try await kafka.produce([kafka.record("21", "known")])
      let again = Seen()
      let second = try KafkaConsumer(
        kafka.configuration, group: kafka.group + "-2", topics: [kafka.topic], loop: kafka.loop
      ) { again.records += $0 }
      try await eventually("all records") { again.records.count >= 201 }
      await second.close()
      let known = again.records.first { String(decoding: $0.value, as: UTF8.self) == "known" }
      #expect(known?.partition.partition == Int32((-973_932_308 & 0x7fff_ffff) % 4))
      #expect(known?.timestamp != nil)
    }
  }

  @Test("a full queue is waited for, and is no error")
  func backPressure() async throws {
    try await Fixture.with { kafka in
      var settings = KafkaProducer.Settings()
      settings.queueLimit = 50
      let producer = try kafka.producer(settings)
      let waited = Seen()
      let watching = kafka.loop.start {
        while !waited.flag {
          waited.count = max(waited.count, producer.waitingCount)
          #expect(producer.inFlight <= 50)
          try? await kafka.loop.sleep(for: .milliseconds(1))
        }
      }
      try await producer.produce((0..<5000).map { kafka.record("", "\($0)") })
      waited.flag = true
      await watching.value
      #expect(waited.count > 0, "the queue was never full")
      #expect(producer.inFlight == 0 && producer.waitingCount == 0)
      await producer.close()
      #expect(try await kafka.admin.watermarks(of: [kafka.partition])[kafka.partition]?.high == 5000)
    }
  }

  @Test("a broker that is away fails the record when its time is up, as something to retry")
  func away() async throws {
    try await withLoop { loop in
      let port = try FreePort.pick()
      var settings = KafkaProducer.Settings()
      settings.timeout = .seconds(1)
      let producer = try KafkaProducer(
        KafkaConfiguration(brokers: ["127.0.0.1:\(port)"]), loop: loop, settings: settings)
      let seen = Seen()
      producer.onError = { seen.errors.append($0) }
      let error = await #expect(throws: KafkaError.self) {
        try await producer.produce([KafkaRecord(topic: "x", key: [], value: [1])])
      }
      #expect(error?.isRetriable == true && error?.isFatal == false)
      #expect(error?.name == "_MSG_TIMED_OUT")
      #expect(!seen.errors.isEmpty && seen.errors.allSatisfy(\.isRetriable), "\(seen.errors)")
      await producer.close()
      await #expect(throws: KafkaError.self) {
        try await producer.produce([KafkaRecord(topic: "x", key: [], value: [1])])
      }
    }
  }

  @Test("closing fails what cannot be delivered, and does not hold up the loop")
  func closing() async throws {
    try await withLoop { loop in
      let port = try FreePort.pick()
      let producer = try KafkaProducer(KafkaConfiguration(brokers: ["127.0.0.1:\(port)"]), loop: loop)
      let seen = Seen()
      let producing = loop.start {
        do throws(KafkaError) {
          try await producer.produce([KafkaRecord(topic: "x", key: [], value: [1])])
        } catch {
          seen.errors.append(error)
        }
      }
      // The longest that the loop was held up while the client ended.
      let watching = loop.start {
        var longest: UInt64 = 0
        var last = loop.now
        while !seen.flag {
          try? await loop.sleep(for: .milliseconds(1))
          longest = max(longest, loop.now - last)
          last = loop.now
        }
        return longest
      }
      await producer.close(patience: .milliseconds(100))
      seen.flag = true
      await producing.value
      #expect(seen.errors.count == 1)
      #expect(await watching.value < 500_000_000)
    }
  }

  @Test("a configuration that cannot be is refused, with librdkafka's reason")
  func refused() async throws {
    try await withLoop { loop in
      var configuration = KafkaConfiguration(brokers: ["127.0.0.1:1"])
      configuration.properties["no.such.setting"] = "1"
      let error = #expect(throws: KafkaError.self) { _ = try KafkaProducer(configuration, loop: loop) }
      #expect(error?.reason.contains("no.such.setting") == true && error?.isRetriable == false)
      configuration = KafkaConfiguration(brokers: ["127.0.0.1:1"])
      var tls = KafkaConfiguration.TLS()
      tls.authorities = "/no/such/file"
      configuration.security = .tls(tls)
      let second = #expect(throws: KafkaError.self) { _ = try KafkaProducer(configuration, loop: loop) }
      #expect(second?.reason.contains("ssl.ca.location") == true, "\(String(describing: second))")
    }
  }
}
