import Glibc
import Networking
import Primitives
import Redis
import TestSupport
import Testing

@testable import ChatKit

@Suite("Presence")
struct PresenceTests {
  @Test("the first lease and the end of the last are edges, each published once, with two of the role at work")
  func edges() async throws {
    // No lease runs out here, however long the machine holds this process up.
    try await PresenceDomain.with(ttl: .seconds(20)) { presence in
      presence.consume()
      presence.startRole()
      presence.startRole()
      let users = (0..<300).map { _ in UUID.v7() }
      let leases = presence.leases()
      let first = users.map { leases.take($0) }
      let second = users.map { leases.take($0) }
      try await eventually("everybody online") { presence.published.elements.count >= users.count }
      for index in first { leases.release(index) }
      // The grace of a user who has another device does not begin.
      try await presence.loop.sleep(for: .milliseconds(500))
      #expect(presence.published.elements.count == users.count)
      for user in users.prefix(3) { #expect(try await presence.isOnline(user)) }
      for index in second { leases.release(index) }
      try await eventually("everybody offline") { presence.published.elements.count >= 2 * users.count }
      try await presence.loop.sleep(for: .milliseconds(500))
      for user in users { #expect(presence.edges(of: user) == [true, false]) }
      let identifiers = Set(presence.published.elements.map(\.id))
      #expect(identifiers.count == 2 * users.count)
      // Nothing is left of them in Redis but the edges' counter.
      #expect(try await presence.domain.redis.send("ZCARD", PresenceScripts.leases).integer == 0)
      #expect(try await presence.domain.redis.send("HLEN", PresenceScripts.online).integer == 0)
      #expect(try await presence.domain.redis.xlen(PresenceScripts.edges) == 0)
      let status = try await presence.service.statuses(of: [users[0]])[0]
      #expect(!status.isOnline && status.lastSeen != nil)
      #expect(leases.count == 0)
      await leases.close()
    }
  }

  @Test("leases of a process that died end by themselves; renewed ones do not")
  func death() async throws {
    try await PresenceDomain.with { presence in
      presence.consume()
      presence.startRole()
      let ann = UUID.v7()
      let bob = UUID.v7()
      let living = presence.leases()
      _ = living.take(ann)
      // Nobody renews this one.
      try await presence.store.renew([PresenceLease(user: bob, device: .connection(1))][...])
      try await eventually("both online") { presence.published.elements.count >= 2 }
      try await eventually("bob offline") { presence.edges(of: bob) == [true, false] }
      try await presence.loop.sleep(for: .milliseconds(800))
      #expect(presence.edges(of: ann) == [true])
      #expect(try await presence.isOnline(ann))
      await living.close()
      try await eventually("ann offline") { presence.edges(of: ann) == [true, false] }
    }
  }

  @Test("a process that was held up for longer than its leases last renews them all at once, and nobody goes")
  func stall() async throws {
    try await PresenceDomain.with(ttl: .milliseconds(600), grace: .milliseconds(120)) { presence in
      presence.consume()
      presence.startRole()
      let users = (0..<300).map { _ in UUID.v7() }
      let leases = presence.leases()
      for user in users { _ = leases.take(user) }
      try await eventually("everybody online") { presence.published.elements.count >= users.count }
      // As the kernel does where others have the processor.
      usleep(800_000)
      try await presence.loop.sleep(for: .milliseconds(700))
      #expect(presence.published.elements.count { !$0.isOnline } == 0)
      #expect(presence.published.elements.count == users.count)
      await leases.close()
    }
  }

  @Test("who comes back within the grace, on another device, was never away")
  func grace() async throws {
    try await PresenceDomain.with(grace: .milliseconds(600)) { presence in
      presence.consume()
      presence.startRole()
      let ann = UUID.v7()
      let leases = presence.leases()
      var lease = leases.take(ann)
      try await eventually("ann online") { presence.edges(of: ann) == [true] }
      for _ in 0..<4 {
        leases.release(lease)
        try await presence.loop.sleep(for: .milliseconds(250))
        #expect(try await presence.isOnline(ann))
        lease = leases.take(ann)
        try await presence.loop.sleep(for: .milliseconds(100))
      }
      try await presence.service.heartbeat(ann, device: "phone")
      leases.release(lease)
      try await presence.loop.sleep(for: .milliseconds(400))
      #expect(presence.edges(of: ann) == [true])
      try await eventually("ann offline") { presence.edges(of: ann) == [true, false] }
      await leases.close()
    }
  }

  @Test("a Redis that was emptied makes nobody come or go who has not, and those who went meanwhile are found")
  func emptied() async throws {
    try await PresenceDomain.with { presence in
      presence.consume()
      presence.startRole()
      let staying = (0..<50).map { _ in UUID.v7() }
      let going = UUID.v7()
      let coming = UUID.v7()
      let leases = presence.leases()
      for user in staying { _ = leases.take(user) }
      let last = leases.take(going)
      try await eventually("all online") { presence.published.elements.count >= staying.count + 1 }
      // The outage: one goes, one comes, and Redis hears of neither's past.
      leases.release(last)
      try await eventually("the lease's end") {
        try await presence.domain.redis.send("ZCARD", PresenceScripts.leases).integer == Int64(staying.count)
      }
      _ = try await presence.domain.redis.send("FLUSHDB")
      // Until everybody has had the time to come back, the table's word counts.
      #expect(try await presence.isOnline(staying[0]))
      _ = leases.take(coming)
      try await eventually("the one who came") { presence.edges(of: coming) == [true] }
      try await eventually("the one who went") { presence.edges(of: going) == [true, false] }
      try await eventually("all leases") {
        try await presence.domain.redis.send("ZCARD", PresenceScripts.leases).integer == Int64(staying.count + 1)
      }
      for user in staying {
        #expect(presence.edges(of: user) == [true])
        #expect(try await presence.isOnline(user))
      }
      await leases.close()
    }
  }

  @Test("an edge whose publisher dies, before or after it was recorded, is published by the next")
  func publisherDies() async throws {
    try await PresenceDomain.with(ttl: .seconds(20)) { presence in
      presence.consume()
      let (ann, bob) = (UUID.v7(), UUID.v7())
      try await presence.store.renew([ann, bob].map { PresenceLease(user: $0, device: .connection(7)) }[...])
      // Recorded, and then nothing more.
      let entries = try await presence.domain.redis.xrange(PresenceScripts.edges, count: 10)
      let edge = try #require(entries.flatMap { PresenceEdge.list($0) }.first { $0.user == ann })
      let version = edge.version
      #expect(try await presence.record.record([edge]) == [edge])
      #expect(try await presence.record.record([edge]) == [edge])
      // One that says nothing new is not published, an older one neither.
      let again = PresenceEdge(user: ann, isOnline: true, version: version + 5, at: .now())
      #expect(try await presence.record.record([again]).isEmpty)
      let older = PresenceEdge(user: ann, isOnline: false, version: version - 5, at: .now())
      #expect(try await presence.record.record([older]).isEmpty)
      presence.startRole()
      try await eventually("both edges") { presence.published.elements.count >= 2 }
      #expect(presence.edges(of: ann) == [true] && presence.edges(of: bob) == [true])
    }
  }

  @Test(
    "edges go over either bus, in either encoding",
    arguments: TestKafka.isThere ? BusKind.allCases : [.redis])
  func buses(_ kind: BusKind) async throws {
    try await BusDomain.with(kind) { other in
      let edges = (1...20).map {
        PresenceEdge(user: .v7(), isOnline: $0 % 2 == 0, version: Int64($0) * 1_700_000_000_123, at: .init(seconds: 9))
      }
      let seen = Recorder<PresenceEdge>()
      let subscription = other.bus.subscribe(group: other.group) { payloads in
        seen.elements += payloads.compactMap { PresenceEdge(payload: $0) }
        #expect(payloads.allSatisfy { ReceivedEvent(payload: $0) == nil })
      }
      for (index, edge) in edges.enumerated() {
        try await other.bus.publish([edge.busEvent(as: index < 10 ? .json : .messagePack)])
      }
      try await eventually("all edges") { seen.elements.count >= edges.count }
      await subscription.close()
      #expect(Set(seen.elements.map(\.id)) == Set(edges.map(\.id)))
      for edge in edges { #expect(seen.elements.contains(edge)) }
    }
  }

  @Test("presence is seen by who shares a conversation that is not too large, and of those only the number is told")
  func visibility() async throws {
    try await PresenceDomain.with(ttl: .seconds(20)) { presence in
      let domain = presence.domain
      var users: [User] = []
      for index in 0..<9 { users.append(try await domain.user("u\(index)")) }
      _ = try await domain.group(users[0], [users[1]])
      let large = try await domain.group(users[0], Array(users[2...7]))
      let seen = try await presence.service.visible(users.map(\.id), to: users[0].id)
      #expect(seen == [users[0].id, users[1].id])
      let leases = presence.leases()
      for user in users[0...3] { _ = leases.take(user.id) }
      presence.startRole()
      try await eventually("all recorded") { try await domain.count("SELECT count(*) FROM presence") == 4 }
      guard case .count(let members, let online) = try await presence.service.conversation(large, for: users[2].id)
      else { throw TestFailure("a large conversation told its members") }
      #expect(members == 7 && online == 3)
      let small = try await domain.group(users[8], [users[0], users[1]])
      guard case .members(let statuses, _) = try await presence.service.conversation(small, for: users[1].id) else {
        throw TestFailure("a small conversation told only a number")
      }
      #expect(statuses.filter(\.isOnline).map(\.user) == [users[0].id, users[1].id].sorted())
      await #expect(throws: ChatError.self) { try await presence.service.conversation(small, for: users[5].id) }
      await leases.close()
    }
  }

  @Test("what was last said counts where Redis is away")
  func redisAway() async throws {
    try await PresenceDomain.with { presence in
      let ann = UUID.v7()
      _ = try await presence.record.record([PresenceEdge(user: ann, isOnline: true, version: 5, at: .now())])
      presence.domain.redis.close()
      let status = try await presence.service.statuses(of: [ann])[0]
      #expect(status == PresenceStatus(user: ann, isOnline: true, lastSeen: nil, version: 5))
    }
  }
}
