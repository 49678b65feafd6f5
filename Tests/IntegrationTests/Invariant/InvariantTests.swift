// The one invariant: every message, edit and delete answered with 2xx reaches every member that is connected, or that resumes later,
// exactly once and in order, whatever dies in between.
//
// Twenty senders, two hundred members on two gateways, six rooms. Meanwhile a schedule, made from a seed, kills each
// part of the installation, some twice, and cuts members off. Every member checks every message as it comes: it must be
// the next of its room. In the end each must have exactly what was answered, and nothing that was refused.
//
// The seed is printed; CHATD_TEST_SEED=n repeats its schedule.

import ChatKit
import JSON
import Networking
import TestSupport
import Testing

@Suite("The invariant", .serialized)
struct InvariantTests {
  private static let roomCount = 6
  private static let memberCount = 200
  private static let senderCount = 20

  private enum Fault: CaseIterable {
    case gatewayKilled, otherGatewayKilled, gatewayReplaced, gatewayFrozen, redisEmptied, apiKilled
    case apiKilledUnpublished, postgresKilled, brokerKilled

    /// Those that a bus can have.
    static func all(on bus: InvariantBus) -> [Fault] {
      allCases.filter { $0 != .brokerKilled || bus != .redis }
    }
  }

  @Test(
    "every message answered with 2xx reaches every member exactly once and in order, whatever dies",
    .timeLimit(.minutes(5)))
  func holds() async throws { try await check(.redis) }

  @Test(
    "the same on Kafka, its broker killed and restarted", .timeLimit(.minutes(6)),
    .enabled(if: TestKafka.canStart, "no Kafka to start: see TestKafka"))
  func holdsOnKafka() async throws { try await check(.kafka) }

  @Test(
    "the same on Kafka, one broker of three killed", .timeLimit(.minutes(6)),
    .enabled(if: TestKafka.canStart, "no Kafka to start: see TestKafka"))
  func holdsOnCluster() async throws { try await check(.kafkaCluster) }

  private func check(_ bus: InvariantBus) async throws {
    let seed = try SeededGenerator.seedOfThisRun()
    print("CHATD_TEST_SEED=\(seed) on \(bus)")
    try await withLoop { loop in
      let cluster = try await Cluster(loop: loop, bus: bus)
      do {
        try await run(cluster, seed)
      } catch {
        await cluster.stop()
        throw TestFailure("with CHATD_TEST_SEED=\(seed): \(error)")
      }
      await cluster.stop()
    }
  }

  private func run(_ cluster: Cluster, _ seed: UInt64) async throws {
    let loop = cluster.loop
    let ledger = Ledger()
    var random = SeededGenerator(seed: seed)
    let people = try await register(Self.senderCount + Self.memberCount, cluster)
    let rooms = try await makeRooms(people, cluster)
    let senders = (0..<Self.senderCount).map { index in
      Sender(
        index: index, person: people[index],
        rooms: rooms.enumerated().filter { Self.isIn(index, $0.offset) }.map(\.element),
        foreignRoom: rooms[(index + 4) % Self.roomCount], cluster: cluster, ledger: ledger, seed: seed,
        isOnSocket: index % 4 == 3)
    }
    let members = (0..<Self.memberCount).map { index in
      Member(
        index: index, person: people[Self.senderCount + index],
        rooms: rooms.enumerated().filter { Self.isIn(Self.senderCount + index, $0.offset) }.map(\.element),
        cluster: cluster, ledger: ledger)
    }
    let reading = members.map { member in loop.start { await member.run() } }
    let sending = senders.map { sender in loop.start { await sender.run() } }
    let cutting = loop.start {
      var cuts = SeededGenerator(seed: seed, actor: 1)
      var count = 0
      while !ledger.isDone {
        try? await loop.sleep(for: .milliseconds(Int64.random(in: 20...200, using: &cuts)))
        members[Int.random(in: 0..<members.count, using: &cuts)].cut()
        count += 1
      }
      return count
    }

    // Each fault once, and three of them once more, in the seed's order.
    let possible = Fault.all(on: cluster.bus)
    var faults = possible.shuffled(using: &random)
    for _ in 0..<3 { faults.append(possible.randomElement(using: &random) ?? .redisEmptied) }
    let overHTTP = (0..<Self.senderCount).filter { $0 % 4 != 3 }.map { people[$0].id }
    try await loop.sleep(for: .milliseconds(500))
    for fault in faults {
      let before = ledger.acceptedCount
      try await perform(fault, on: cluster, senders: overHTTP, &random)
      // Life goes on after each of them.
      try await eventually(within: .seconds(30), "messages that are accepted after \(fault)") {
        ledger.acceptedCount > before + 10
      }
      try await loop.sleep(for: .milliseconds(Int64.random(in: 200...1200, using: &random)))
    }
    ledger.isDone = true
    for task in sending { await task.value }
    let cut = await cutting.value

    try await eventually(
      within: .seconds(60), "the last message at every member; \(behind(members, ledger) ?? "none is behind")"
    ) {
      behind(members, ledger) == nil
    }
    try await eventually(within: .seconds(20), "an empty outbox") {
      try await cluster.sql("SELECT count(*) FROM outbox") == "0"
    }
    // Whatever comes late must not be a repetition: time for one more round of everything that repeats.
    try await loop.sleep(for: .seconds(3))
    ledger.isOver = true
    for member in members { member.stop() }
    for task in reading { await task.value }
    try await judge(members, rooms, ledger, cluster, seed)
    try await judgeCounts(people, rooms, ledger, cluster, seed)
    print(
      """
      the invariant: \(ledger.acceptedCount) entries accepted (\(ledger.edits) edits, \(ledger.deletes) deletes), \(ledger.deliveries) deliveries, \(ledger.refused) refused, \
      \(ledger.retries) retries, \(ledger.replays) replayed, \(ledger.reconnects) reconnects, \(ledger.recovered) recovered, \
      \(ledger.resumed) resumed, \(ledger.reads) cursors, \
      \(cut) cuts
      """)
    for event in cluster.events { print("  \(event)") }
    #expect(ledger.edits > 20 && ledger.deletes > 10)
    #expect(ledger.refused > 0 && ledger.retries > 0 && ledger.resumed > 0 && ledger.recovered > 0 && cut > 0)
    #expect(ledger.reconnects > Self.memberCount)
    #expect(ledger.reads > 0)
  }

  /// Person n is in two rooms, senders in three; nobody in all.
  private static func isIn(_ person: Int, _ room: Int) -> Bool {
    let distance = (room - person % roomCount + roomCount) % roomCount
    return distance < (person < senderCount ? 3 : 2)
  }

  private func register(_ count: Int, _ cluster: Cluster) async throws -> [Person] {
    let loop = cluster.loop
    return try await withThrowingTaskGroup(of: (Int, Person).self) { group in
      var people = [Person?](repeating: nil, count: count)
      var next = 0
      func add() {
        let index = next
        next += 1
        group.addTask {
          let client = APIClient(port: cluster.apiPort, loop: loop)
          return (index, try await Stack.register("person-\(index)", with: client))
        }
      }
      while next < min(8, count) { add() }
      while let (index, person) = try await group.next() {
        people[index] = person
        if index >= Self.senderCount { person.api.close() }
        if next < count { add() }
      }
      return people.compactMap { $0 }
    }
  }

  private func makeRooms(_ people: [Person], _ cluster: Cluster) async throws -> [String] {
    var rooms: [String] = []
    for room in 0..<Self.roomCount {
      let inside = people.indices.filter { Self.isIn($0, room) }
      let answer = try await people[inside[0]].api.post(
        "/api/conversations",
        [
          "type": "group", "title": .string("room \(room)"),
          "participants": .array(inside.map { .string(people[$0].id) }),
        ]
      ).expect(201)
      rooms.append(try answer.string("id"))
    }
    return rooms
  }

  private func perform(
    _ fault: Fault, on cluster: Cluster, senders: [String], _ random: inout SeededGenerator
  ) async throws {
    let away = Duration.milliseconds(Int64.random(in: 50...1500, using: &random))
    switch fault {
    case .gatewayKilled: try await cluster.killGateway(0, away: away)
    case .otherGatewayKilled: try await cluster.killGateway(1, away: away)
    case .gatewayReplaced: try await cluster.replaceGateway(Int.random(in: 0...1, using: &random))
    case .gatewayFrozen:
      try await cluster.freezeGateway(Int.random(in: 0...1, using: &random), for: .milliseconds(5500))
    case .redisEmptied: try await cluster.wipeRedis(away: away)
    case .apiKilled: try await cluster.killAPI(away: away)
    case .apiKilledUnpublished: try await cluster.killAPIBetweenCommitAndPublish(senders: senders)
    case .postgresKilled: try await cluster.killPostgres(away: away)
    case .brokerKilled:
      try await cluster.killBroker(Int.random(in: 0..<cluster.brokers.count, using: &random), away: away)
    }
  }

  /// The first member that lacks something, in words.
  private func behind(_ members: [Member], _ ledger: Ledger) -> String? {
    for member in members {
      for room in member.rooms {
        let last = ledger.accepted[room]?.keys.max() ?? 0
        if member.cursor(room) < last {
          return "member \(member.index) has \(member.cursor(room)) of \(last) in \(room)"
        }
      }
    }
    return nil
  }

  private func judge(
    _ members: [Member], _ rooms: [String], _ ledger: Ledger, _ cluster: Cluster, _ seed: UInt64
  ) async throws {
    for violation in ledger.violations { Issue.record("CHATD_TEST_SEED=\(seed): \(violation)") }
    for room in rooms {
      let accepted = ledger.accepted[room] ?? [:]
      let count = accepted.count
      #expect(count > 20, "CHATD_TEST_SEED=\(seed)")
      // Every key was settled, so the store has what was answered and nothing else.
      #expect(try await cluster.sql("SELECT last_seq FROM conversations WHERE id = '\(room)'") == "\(count)")
      let messages = accepted.values.count { $0.kind == .created }
      #expect(
        try await cluster.sql("SELECT count(*) FROM messages WHERE conversation_id = '\(room)'") == "\(messages)")
      guard accepted.keys.min() == 1, accepted.keys.max() == count else {
        Issue.record("CHATD_TEST_SEED=\(seed): the seqs of \(room) have gaps")
        continue
      }
      let entries = (1...count).compactMap { accepted[$0] }
      let expected = entries.map { Member.Entry(kind: $0.kind, messageSeq: $0.messageSeq) }
      var state: [Int: Int] = [:]
      for entry in entries { state[entry.messageSeq] = entry.body.hashValue }
      for member in members where member.rooms.contains(room) {
        #expect(
          member.received[room] == expected, "CHATD_TEST_SEED=\(seed): member \(member.index) in \(room)")
        #expect(
          member.state[room] == state, "CHATD_TEST_SEED=\(seed): what member \(member.index) reads in \(room)")
      }
    }
    // Each fault happened: another process answers now.
    #expect(cluster.events.allSatisfy { $0.before > 0 && $0.after > 0 && $0.before != $0.after }, "\(cluster.events)")
    #expect(cluster.events.count >= Fault.all(on: cluster.bus).count - 1)
  }

  /// What was acknowledged as read is read, movements of a cursor lie end to end, and the counts that people are shown are
  /// those of a recount from the messages.
  private func judgeCounts(
    _ people: [Person], _ rooms: [String], _ ledger: Ledger, _ cluster: Cluster, _ seed: UInt64
  ) async throws {
    for room in rooms {
      for (user, seq) in ledger.read[room] ?? [:] {
        let stored = try await cluster.sql(
          "SELECT read_seq FROM participants WHERE conversation_id = '\(room)' AND user_id = '\(user)'")
        #expect(Int(stored) ?? -1 >= seq, "CHATD_TEST_SEED=\(seed): \(user) had read \(seq) of \(room)")
      }
    }
    let broken = try await cluster.sql(
      """
      SELECT count(*) FROM (
        SELECT from_seq <> lag(to_seq, 1, 0::bigint) OVER (PARTITION BY conversation_id, user_id ORDER BY to_seq) AS isBroken
        FROM receipts) r WHERE isBroken
      """)
    #expect(broken == "0", "CHATD_TEST_SEED=\(seed): movements of cursors that do not lie end to end")
    let recount = try await cluster.sql(
      """
      SELECT string_agg(p.conversation_id || ' ' || p.user_id || ' ' || (
        SELECT count(*) FROM messages m WHERE m.conversation_id = p.conversation_id AND m.seq > p.read_seq
        AND m.sender_id <> p.user_id AND m.deleted_at IS NULL), ',') FROM participants p
      """)
    var expected: [String: Int] = [:]
    for entry in recount.split(separator: ",") {
      let parts = entry.split(separator: " ").map(String.init)
      expected["\(parts[0]) \(parts[1])"] = min(999, Int(parts[2]) ?? -1)
    }
    var counts = Set<Int>()
    // Senders and members.
    for (index, person) in people.enumerated() where index % 5 == 0 {
      let client = APIClient(port: cluster.apiPort, loop: cluster.loop, token: person.token)
      let list = try await client.get("/api/conversations").expect(200)
      client.close()
      for entry in list["conversations"]?.array.map(Array.init) ?? [] {
        let room = entry["id"]?.string ?? ""
        let unread = entry["unread"]?.int ?? -1
        #expect(unread == expected["\(room) \(person.id)"], "CHATD_TEST_SEED=\(seed): unread of \(room)")
        counts.insert(unread)
      }
    }
    #expect(counts.count > 1, "counts that are all \(counts) show nothing")
  }
}
