import Networking
import Primitives
import Redis
import TestSupport
import Testing

@testable import ChatKit

/// Answers the census as a gateway does that holds these leases.
private final class Gateway: @unchecked Sendable {
  var held: [PresenceLease] = []
  private let subscriber: RedisSubscriber

  init(_ redis: RedisClient) async throws {
    subscriber = RedisSubscriber(redis.configuration, loop: redis.loop)
    subscriber.onMessage = { [unowned self] _, payload in
      let text = String(decoding: payload, as: UTF8.self)
      func value(_ key: String) -> String {
        text.firstRange(of: "\"\(key)\":\"").map { text[$0.upperBound...].prefix { $0 != "\"" } }.map(String.init) ?? ""
      }
      guard text.contains("\"type\":100") else { return }
      // In parts of one.
      for (index, lease) in held.enumerated() {
        let more = index < held.count - 1 ? ",\"more\":true" : ""
        let answer =
          "{\"requestId\":\"\(value("requestId"))\",\"node\":\"here/1\",\"leases\":[\"\(lease.text)\"]\(more)}"
        _ = redis.post("PUBLISH", AdapterChannel.responses(to: value("uid")), answer)
      }
    }
    try await subscriber.subscribe(AdapterChannel.requests())
  }

  func close() { subscriber.close() }
}

@Suite("Comparing leases with sockets")
struct PresenceVerificationTests {
  @Test("a lease reads back as it was written")
  func text() {
    let user = UUID.v7()
    for device in [PresenceLease.Device.connection(0), .connection(.max), .connection(0x1f), .named("a/b c")] {
      let lease = PresenceLease(user: user, device: device)
      #expect(PresenceLease(lease.text) == lease)
    }
    for wrong in ["", "\(user)", "\(user)/c/12", "\(user)/x/1", "x/c/0000000000000001"] {
      #expect(PresenceLease(wrong) == nil)
    }
  }

  @Test("ghosts and sockets without a lease are found; what only moves, and other devices, are not told")
  func findings() async throws {
    try await withLoop { loop in
      let redis = RedisClient(try await TestRedis.make().configuration, loop: loop)
      redis.start()
      let store = PresenceStore(redis: redis, settings: PresenceSettings())
      func lease(_ number: UInt64) -> PresenceLease { PresenceLease(user: UUID.v7(), device: .connection(number)) }
      let (held, ghost, missing, coming, going) = (lease(1), lease(2), lease(3), lease(4), lease(5))
      let phone = PresenceLease(user: held.user, device: .named("phone"))
      try await store.renew([held, ghost, going, phone][...])
      let gateway = try await Gateway(redis)
      gateway.held = [held, missing, coming]
      let census = GatewayCensus(redis: redis)
      let verification = PresenceVerification(
        inspection: PresenceInspection(redis: redis, page: 2), census: census)
      let findings = try await verification.run {
        // Meanwhile one has taken its lease, and another's has ended.
        try await store.renew([coming][...])
        try await store.release([going][...])
      }
      #expect(findings.ghosts.map(\.lease) == [ghost])
      #expect(findings.missing.map(\.lease) == [missing] && findings.missing.map(\.node) == ["here/1"])
      #expect(findings.gateways == 1 && findings.silent == 0 && findings.sockets == 3)
      #expect(findings.leases == 3 && findings.devices == 1 && !findings.isClean)
      gateway.held = []
      let silent = try await verification.run(within: .milliseconds(100)) {}
      #expect(silent.silent == 1 && !silent.isClean)
      census.close()
      gateway.close()
      redis.close()
    }
  }
}
