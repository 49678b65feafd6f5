import CLinux
import HTTP
package import Networking
import Primitives

/// One run of a scenario. Use it once.
package final class LoadRun: @unchecked Sendable {
  package enum Phase: String, Sendable { case connecting, warmingUp = "warming up", measuring, draining, over }

  package let scenario: LoadScenario
  let loop: EventLoop
  let target: LoadTarget
  let population: Population
  let users: [LoadUser]
  let roomPlaces: [UUID: Int]
  let http: HTTPClient
  let sockets: WebSocketClient
  let gate: RequestGate
  let choice: WeightedChoice<OperationKind>
  let roomChoice: WeightedChoice<Int>
  let sizeChoice: WeightedChoice<Int>
  let roomPaths: [String]
  var random: SeededRandom
  var verifier: Verifier
  var recorder = Recorder()
  /// When message n was due (monotonic ns).
  var due: [UInt64] = []
  /// Operations whose answer is awaited.
  var underWay = 0
  var dropped = 0
  var resets = 0
  var connectedUsers = 0
  /// Users whose first connect is awaited, and why one has failed.
  var connecting = 0
  var connectFailure: (any Error)?
  package private(set) var phase = Phase.connecting
  private(set) var start: UInt64 = 0
  private(set) var measuredFrom: UInt64 = 0
  private(set) var end: UInt64 = 0
  private(set) var measuredSeconds = 0.0
  private var cpuAtStart: UInt64 = 0
  private(set) var cpu = 0.0
  var isStopping = false
  private var ticker: LoopTimer?
  private var wake: UnsafeContinuation<Void, Never>?
  /// Told once a second.
  package var report: (LoadRun) -> Void = { _ in }

  package init(_ scenario: LoadScenario, _ population: Population, target: LoadTarget, loop: EventLoop) {
    self.scenario = scenario
    self.population = population
    self.target = target
    self.loop = loop
    var rooms = [[Int]](repeating: [], count: population.people.count)
    for (index, room) in population.rooms.enumerated() { for member in room.members { rooms[member].append(index) } }
    users = population.people.enumerated().map { LoadUser(index: $0, person: $1, rooms: rooms[$0]) }
    roomPlaces = Dictionary(uniqueKeysWithValues: population.rooms.enumerated().map { ($1.id, $0) })
    roomPaths = population.rooms.map { "\(target.url)/api/conversations/\($0.id)/messages" }
    http = target.client(connections: scenario.connections, timeout: scenario.timeout, loop)
    sockets = target.sockets(loop)
    gate = RequestGate(scenario.connections)
    choice = WeightedChoice(scenario.mix.map { (value: $0.kind, weight: $0.weight) })
    let weights = scenario.rooms.flatMap { kind in repeatElement(kind.weight, count: kind.count) }
    roomChoice = WeightedChoice(weights.enumerated().map { (value: $0, weight: $1) })
    sizeChoice = WeightedChoice(scenario.sizes.map { (value: $0.bytes, weight: $0.weight) })
    random = SeededRandom(seed: scenario.seed &+ 0x10ad)
    verifier = Verifier(members: population.rooms.map(\.members.count))
  }

  /// Does it all. Returns when the last deliveries have come, or were waited for; throws when the users cannot connect at all:
  /// `LoadFailure`, `NetworkError`, `HTTPError`.
  package func perform() async throws {
    _ = clinux_raise_file_limit()
    defer { close() }
    try await connectAll()
    guard !isStopping else { return }
    let renewal = loop.start { [self] in await renewTokens() }
    defer { renewal.cancel() }
    try await runSchedule()
    await drain()
    verifier.finish()
    phase = .over
  }

  /// Ends the load now; what was answered is still waited for, five seconds at most.
  package func stop() {
    isStopping = true
    resumeWaiting()
  }

  private func close() {
    ticker?.cancel()
    for user in users { user.socket?.cut() }
    http.close()
  }

  // MARK: Times

  /// Nanoseconds since the load began.
  package var elapsed: UInt64 { start == 0 ? 0 : clinux_monotonic_ns() &- start }

  func counts(_ due: UInt64) -> Bool { due >= measuredFrom }

  private func runSchedule() async throws {
    var schedule = scenario.schedule
    start = clinux_monotonic_ns()
    measuredFrom = start &+ scenario.warmUp.nanoseconds
    phase = scenario.warmUp > .zero ? .warmingUp : .measuring
    cpuAtStart = clinux_cpu_ns()
    if phase == .warmingUp {
      loop.schedule(after: scenario.warmUp) { [self] in
        guard phase == .warmingUp else { return }
        phase = .measuring
        cpuAtStart = clinux_cpu_ns()
      }
    }
    tickEverySecond()
    var next = schedule.next()
    var timer: PreciseTimer?
    timer = try PreciseTimer(loop) { [self] in
      // What is due by now, but not more than a tick may take: answers have to be read as well.
      var budget = 256
      while let time = next, start &+ time <= clinux_monotonic_ns(), budget > 0, !isStopping {
        issue(due: start &+ time)
        next = schedule.next()
        budget -= 1
      }
      if let time = next, !isStopping { timer?.arm(at: start &+ time) } else { resumeWaiting() }
    }
    if let time = next { timer?.arm(at: start &+ time) }
    if next != nil, !isStopping { await withUnsafeContinuation { wake = $0 } }
    timer?.close()
    timer = nil
    // A stage at the end in which nothing is due is a part of the run.
    while !isStopping, elapsed < schedule.duration { try? await loop.sleep(for: .milliseconds(20)) }
    end = clinux_monotonic_ns()
    measuredSeconds = Double(end &- min(measuredFrom, end)) / 1e9
    if measuredSeconds > 0 { cpu = Double(clinux_cpu_ns() &- cpuAtStart) / 1e9 / measuredSeconds }
  }

  private func resumeWaiting() {
    let waiting = wake
    wake = nil
    waiting?.resume()
  }

  private func tickEverySecond() {
    let schedule = scenario.schedule
    let timer = loop.timer { [weak self] in self?.tick(schedule) }
    ticker = timer
    timer.arm(at: start &+ 1_000_000_000)
  }

  private func tick(_ schedule: ArrivalSchedule) {
    let time = elapsed
    recorder.tick(
      time, rate: phase == .draining ? 0 : schedule.rate(at: time), sockets: connectedUsers,
      outstanding: verifier.outstanding)
    report(self)
    ticker?.arm(at: start &+ (time / 1_000_000_000 + 1) * 1_000_000_000)
  }

  /// Until every operation is answered, every user is back and every message has come.
  private func drain() async {
    phase = .draining
    let limit = isStopping ? min(scenario.drain, .seconds(5)) : scenario.drain
    let deadline = clinux_monotonic_ns() &+ limit.nanoseconds
    while underWay > 0 || verifier.outstanding > 0 || users.contains(where: \.isAway) {
      guard clinux_monotonic_ns() < deadline else { break }
      try? await loop.sleep(for: .milliseconds(20))
    }
    if underWay > 0 { recorder.note("\(underWay) operations were not answered before the end") }
    // Nothing should come now: what does is a repetition.
    try? await loop.sleep(for: .milliseconds(300))
    tick(scenario.schedule)
  }
}
