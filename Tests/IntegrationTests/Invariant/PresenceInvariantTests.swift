// Presence's part of the invariant: whatever dies, in the end everybody's last word on each user is the truth.
//
// Thirty people come and go on two gateways while a schedule, made from a seed, kills each part of the installation. Six
// watch them: some by joining a conversation with them, some by subscribing. Then half of the people stay, the others have
// gone, and each of those who watch must know so.

import ChatKit
import JSON
import Networking
import TestSupport
import Testing

@Suite("The invariant of presence", .serialized)
struct PresenceInvariantTests {
  private static let subjectCount = 30
  private static let watcherCount = 6

  private enum Fault: CaseIterable {
    case gatewayKilled, otherGatewayKilled, gatewayReplaced, gatewayFrozen, redisEmptied, presenceKilled
    case otherPresenceKilled, postgresKilled, brokerKilled

    static func all(on bus: InvariantBus) -> [Fault] {
      allCases.filter { $0 != .brokerKilled || bus != .redis }
    }
  }

  @Test("whatever dies, the last word of everybody on each user is the truth", .timeLimit(.minutes(5)))
  func holds() async throws { try await check(.redis) }

  @Test(
    "the same on Kafka", .timeLimit(.minutes(6)), .enabled(if: TestKafka.canStart, "no Kafka to start: see TestKafka"))
  func holdsOnKafka() async throws { try await check(.kafka) }

  private func check(_ bus: InvariantBus) async throws {
    let seed = try SeededGenerator.seedOfThisRun()
    print("CHATD_TEST_SEED=\(seed) on \(bus)")
    try await withLoop { loop in
      let cluster = try await Cluster(
        loop: loop, bus: bus, workers: ["presence", "presence"],
        settings: ["--presence-ttl", "3s", "--presence-grace", "1s", "--presence-sweep-interval", "200ms"])
      var failure: (any Error)?
      do { try await run(cluster, seed) } catch { failure = error }
      await cluster.stop()
      if let failure { throw TestFailure("with CHATD_TEST_SEED=\(seed): \(failure)") }
    }
  }

  private func run(_ cluster: Cluster, _ seed: UInt64) async throws {
    let loop = cluster.loop
    let ledger = Ledger()
    var random = SeededGenerator(seed: seed)
    var people: [Person] = []
    for index in 0..<(Self.watcherCount + Self.subjectCount) {
      people.append(
        try await Stack.register("person-\(index)", with: APIClient(port: cluster.apiPort, loop: loop)))
    }
    let room = try await people[0].api.post(
      "/api/conversations",
      ["type": "group", "title": "all", "participants": .array(people.dropFirst().map { .string($0.id) })]
    ).expect(201).string("id")
    let subjects = people.dropFirst(Self.watcherCount).enumerated().map { index, person in
      PresenceSubject(index: index, person: person, cluster: cluster, ledger: ledger, seed: seed)
    }
    let watchers = people.prefix(Self.watcherCount).enumerated().map { index, person in
      PresenceWatcher(
        index: index, person: person, room: index % 3 == 2 ? nil : room, subjects: subjects.map(\.person.id),
        cluster: cluster, ledger: ledger)
    }
    let tasks =
      subjects.map { subject in loop.start { await subject.run() } }
      + watchers.map { watcher in loop.start { await watcher.run() } }

    var faults = Fault.all(on: cluster.bus).shuffled(using: &random)
    faults.append(faults.randomElement(using: &random) ?? .redisEmptied)
    try await loop.sleep(for: .seconds(1))
    for fault in faults {
      try await perform(fault, on: cluster, &random)
      try await loop.sleep(for: .milliseconds(Int64.random(in: 500...2500, using: &random)))
    }
    ledger.isDone = true
    try await eventually(
      within: .seconds(60), "the truth at everybody; \(wrong(watchers, subjects) ?? "nobody is wrong")"
    ) {
      wrong(watchers, subjects) == nil
    }
    // It stays the truth.
    try await loop.sleep(for: .seconds(5))
    #expect(wrong(watchers, subjects) == nil, "CHATD_TEST_SEED=\(seed)")
    for violation in ledger.violations { Issue.record("CHATD_TEST_SEED=\(seed): \(violation)") }
    let batch = try await people[0].api.post(
      "/status/batch", ["userIds": .array(subjects.map { .string($0.person.id) })]
    ).expect(200)
    let online = (batch["statuses"]?.array.map { Array($0) } ?? []).filter { $0["status"]?.string == "online" }
    #expect(Set(online.compactMap { $0["userId"]?.string }) == Set(subjects.filter(\.stays).map(\.person.id)))
    ledger.isOver = true
    for subject in subjects { subject.stop() }
    for watcher in watchers { watcher.stop() }
    for task in tasks { await task.value }
    print(
      """
      the invariant of presence: \(ledger.deliveries) edges told, \(ledger.reconnects) connects of \(subjects.count) \
      people, \(ledger.resumed) of \(watchers.count) who watch
      """)
    for event in cluster.events { print("  \(event)") }
    #expect(ledger.deliveries > 100 && ledger.reconnects > 100)
  }

  /// Whose last word is wrong, in words.
  private func wrong(_ watchers: [PresenceWatcher], _ subjects: [PresenceSubject]) -> String? {
    for watcher in watchers {
      for subject in subjects where watcher.isOnline(subject.person.id) != subject.stays {
        return "watcher \(watcher.index) says of subject \(subject.index): "
          + "\(watcher.isOnline(subject.person.id).map { $0 ? "online" : "offline" } ?? "nothing")"
      }
    }
    return nil
  }

  private func perform(_ fault: Fault, on cluster: Cluster, _ random: inout SeededGenerator) async throws {
    let away = Duration.milliseconds(Int64.random(in: 50...1500, using: &random))
    switch fault {
    case .gatewayKilled: try await cluster.killGateway(0, away: away)
    case .otherGatewayKilled: try await cluster.killGateway(1, away: away)
    case .gatewayReplaced: try await cluster.replaceGateway(Int.random(in: 0...1, using: &random))
    case .gatewayFrozen:
      try await cluster.freezeGateway(Int.random(in: 0...1, using: &random), for: .milliseconds(5500))
    case .redisEmptied: try await cluster.wipeRedis(away: away)
    case .presenceKilled: try await cluster.killWorker(0, away: away)
    case .otherPresenceKilled: try await cluster.killWorker(1, away: away)
    case .postgresKilled: try await cluster.killPostgres(away: away)
    case .brokerKilled: try await cluster.killBroker(0, away: away)
    }
  }
}

/// Comes and goes; in the end it stays, or has gone. On the test's loop.
private final class PresenceSubject: @unchecked Sendable {
  let index: Int
  let person: Person
  private let cluster: Cluster
  private let ledger: Ledger
  private var random: SeededGenerator
  private var socket: SocketClient?

  init(index: Int, person: Person, cluster: Cluster, ledger: Ledger, seed: UInt64) {
    self.index = index
    self.person = person
    self.cluster = cluster
    self.ledger = ledger
    random = SeededGenerator(seed: seed, actor: index + 10)
  }

  var stays: Bool { index % 2 == 0 }

  func stop() { socket?.cut() }

  func run() async {
    while !ledger.isOver, !ledger.isDone || stays {
      do {
        let gateway = Int.random(in: 0...1, using: &random)
        let socket = try await SocketClient.connect(
          to: cluster.gatewayPorts[gateway], token: person.token, loop: cluster.loop, onEvent: { _, _ in })
        self.socket = socket
        ledger.reconnects += 1
        let leaves = cluster.loop.now + UInt64.random(in: 100...3000, using: &random) * 1_000_000
        while !socket.isClosed, cluster.loop.now < leaves || ledger.isDone && stays, !ledger.isOver {
          try await cluster.loop.sleep(for: .milliseconds(20))
        }
        socket.cut()
        try await cluster.loop.sleep(for: .milliseconds(Int64.random(in: 10...2500, using: &random)))
      } catch {
        try? await cluster.loop.sleep(for: .milliseconds(50))
      }
    }
    socket?.cut()
  }
}

/// Keeps what it is told of everybody. After every connect it asks, as clients do. On the test's loop.
private final class PresenceWatcher: @unchecked Sendable {
  let index: Int
  private let person: Person
  /// Joined; nil for who subscribes to each.
  private let room: String?
  private let subjects: [String]
  private let cluster: Cluster
  private let ledger: Ledger
  private var gateway: Int
  private var socket: SocketClient?
  private var words: [String: (version: Int, isOnline: Bool)] = [:]
  /// Of the events of this connection.
  private var versions: [String: Int] = [:]

  init(
    index: Int, person: Person, room: String?, subjects: [String], cluster: Cluster, ledger: Ledger
  ) {
    self.index = index
    self.person = person
    self.room = room
    self.subjects = subjects
    self.cluster = cluster
    self.ledger = ledger
    gateway = index % 2
  }

  func isOnline(_ user: String) -> Bool? { words[user]?.isOnline }

  func stop() { socket?.cut() }

  func run() async {
    while !ledger.isOver {
      do {
        versions = [:]
        let socket = try await SocketClient.connect(
          to: cluster.gatewayPorts[gateway], token: person.token, loop: cluster.loop,
          onEvent: { [unowned self] name, argument in receive(name, argument) })
        self.socket = socket
        ledger.resumed += 1
        while try await !ask(socket) { try await cluster.loop.sleep(for: .milliseconds(100)) }
        try await socket.wait("the end", within: .seconds(3600)) { socket.isClosed }
      } catch {
        socket?.cut()
        gateway = 1 - gateway
        try? await cluster.loop.sleep(for: .milliseconds(50))
      }
    }
  }

  private func ask(_ socket: SocketClient) async throws -> Bool {
    let answer: JSONValue
    if let room {
      guard try await socket.join(room)["ok"]?.bool == true else { return false }
      answer = try await socket.emit("presence:subscribe", ["conversationId": .string(room)])
    } else {
      answer = try await socket.emit("presence:subscribe", ["userIds": .array(subjects.map { .string($0) })])
    }
    guard answer["ok"]?.bool == true, let statuses = answer["statuses"]?.array else { return false }
    for status in statuses { take(status) }
    return true
  }

  private func receive(_ name: String, _ argument: JSONValue) {
    guard name == "presence", let user = argument["userId"]?.string, let version = argument["version"]?.int else {
      return
    }
    ledger.deliveries += 1
    if version < versions[user] ?? 0 {
      ledger.violation("watcher \(index) was told of \(user) at \(version) after \(versions[user] ?? 0)")
    }
    versions[user] = version
    take(argument)
  }

  private func take(_ status: JSONValue) {
    guard let user = status["userId"]?.string, let version = status["version"]?.int else { return }
    guard version >= words[user]?.version ?? 0 else { return }
    words[user] = (version, status["status"]?.string == "online")
  }
}
