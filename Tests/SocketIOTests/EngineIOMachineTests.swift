import Testing

@testable import SocketIO

@Suite("The Engine.IO machine")
struct EngineIOMachineTests {
  private let limits = EngineIOMachine.Limits(
    pingInterval: 300, pingTimeout: 200, closeTimeout: 1000, bufferedPackets: 4, bufferedBytes: 100)

  private func polling() -> EngineIOMachine { EngineIOMachine(transport: .polling, now: 0, limits: limits) }
  private func webSocket() -> EngineIOMachine { EngineIOMachine(transport: .webSocket, now: 0, limits: limits) }
  private let late: UInt64 = 20_000_000

  // MARK: Polling

  @Test("keeps a GET until there is something to send")
  func waitingPoll() {
    var machine = polling()
    check(machine.poll(), .wait)
    check(machine.send(5, limits: limits), .bufferAndFlush)
    machine.bufferTaken()
    machine.pollAnswered()
    check(machine.send(5, limits: limits), .buffer)
    check(machine.poll(), .answer)
  }

  @Test("ends the session on a second GET while the first waits")
  func overlap() {
    var machine = polling()
    check(machine.poll(), .wait)
    check(machine.poll(), .overlap)
    #expect(machine.phase == .closed)
    check(machine.poll(), .refuse(.unknownSession))
    check(machine.post(), .unknownSession)
    check(machine.send(1, limits: limits), .drop)
  }

  @Test("ends the session when the client cancels the waiting GET, and only that")
  func abort() {
    var machine = polling()
    check(machine.pollAborted(), false)
    _ = machine.poll()
    check(machine.pollAborted(), true)
    #expect(machine.phase == .closed)
  }

  @Test("ends the session of a client that does not fetch its packets")
  func slowPoller() {
    var machine = polling()
    for _ in 0..<4 { check(machine.send(5, limits: limits), .buffer) }
    check(machine.send(5, limits: limits), .overflow)
    var large = polling()
    check(large.send(90, limits: limits), .buffer)
    check(large.send(11, limits: limits), .overflow)
  }

  @Test("lets one packet above the limit through where nothing else waits")
  func largePacket() {
    var machine = polling()
    check(machine.send(1000, limits: limits), .buffer)
    check(machine.send(1, limits: limits), .overflow)
  }

  // MARK: Receiving

  @Test("delivers messages and swallows what has no meaning")
  func receiving() {
    var machine = webSocket()
    check(machine.receive(.message, now: 1, limits: limits), .deliver)
    check(machine.receive(.noop, now: 1, limits: limits), .nothing)
    check(machine.receive(.open, now: 1, limits: limits), .nothing)
    #expect(machine.isOpen)
  }

  @Test("ends the session on a client's ping, on garbage, and on a close")
  func violations() {
    var machine = webSocket()
    check(machine.receive(.ping, now: 1, limits: limits), .violation)
    check(machine.receive(.message, now: 1, limits: limits), .nothing)
    machine = webSocket()
    check(machine.receiveMalformed(), .violation)
    check(machine.receiveMalformed(), .nothing)
    machine = webSocket()
    check(machine.receive(.close, now: 1, limits: limits), .closedByPeer)
    check(machine.webSocketClosed(), false)
  }

  // MARK: Upgrading

  @Test("upgrades by probe and upgrade packet, and refuses polling afterwards")
  func upgrade() {
    var machine = polling()
    _ = machine.poll()
    check(machine.offerUpgrade(), true)
    #expect(!machine.releasesPoll())
    check(machine.receiveOnCandidate(.ping, isProbe: true), .answerProbe)
    #expect(machine.releasesPoll())
    machine.pollAnswered()
    #expect(!machine.releasesPoll())
    check(machine.send(3, limits: limits), .buffer)
    check(machine.receiveOnCandidate(.upgrade, isProbe: false), .complete)
    #expect(machine.transport == .webSocket)
    #expect(machine.hasUpgraded)
    #expect(machine.hasBuffered)
    machine.bufferTaken()
    check(machine.send(3, limits: limits), .transmit)
    check(machine.poll(), .refuse(.badRequest))
    check(machine.post(), .badRequest)
  }

  @Test("turns a second WebSocket away while upgrading and after")
  func secondWebSocket() {
    var machine = polling()
    check(machine.offerUpgrade(), true)
    check(machine.offerUpgrade(), false)
    _ = machine.receiveOnCandidate(.upgrade, isProbe: false)
    check(machine.offerUpgrade(), false)
    var direct = webSocket()
    check(direct.offerUpgrade(), false)
  }

  @Test(
    "gives up an upgrade on any other packet and lives on over polling",
    arguments: [
      EngineIOPacketType.open, .close, .ping, .pong, .message, .noop,
    ])
  func abandonedUpgrade(type: EngineIOPacketType) {
    var machine = polling()
    _ = machine.offerUpgrade()
    check(machine.receiveOnCandidate(type, isProbe: false), .abandon)
    #expect(machine.isOpen)
    #expect(machine.transport == .polling)
    check(machine.poll(), .wait)
    check(machine.offerUpgrade(), true)
  }

  @Test("completes the upgrade of a session that is closing, to close it there")
  func upgradeWhileClosing() {
    var machine = polling()
    _ = machine.offerUpgrade()
    check(machine.receiveOnCandidate(.ping, isProbe: true), .answerProbe)
    _ = machine.close(discard: false, now: 0, limits: limits)
    check(machine.offerUpgrade(), false)
    check(machine.receiveOnCandidate(.upgrade, isProbe: false), .completeAndClose)
    #expect(machine.phase == .closed)
  }

  @Test("does not upgrade a session that has closed meanwhile")
  func upgradeAfterClose() {
    var machine = polling()
    _ = machine.offerUpgrade()
    _ = machine.close(discard: true, now: 0, limits: limits)
    check(machine.receiveOnCandidate(.upgrade, isProbe: false), .abandon)
    check(machine.offerUpgrade(), false)
  }

  // MARK: Closing

  @Test("puts the 1 of a closing server on the waiting GET")
  func closeWaiting() {
    var machine = polling()
    _ = machine.poll()
    check(machine.close(discard: false, now: 0, limits: limits), .answerPoll)
    #expect(machine.phase == .closed)
    check(machine.close(discard: false, now: 0, limits: limits), .nothing)
  }

  @Test("puts it on the next GET where none waits, for a while")
  func closeLater() {
    var machine = polling()
    check(machine.close(discard: false, now: 0, limits: limits), .awaitPoll)
    #expect(machine.phase == .closing)
    check(machine.post(), nil)
    check(machine.receive(.message, now: 1, limits: limits), .nothing)
    var forgotten = machine
    var left = machine
    check(left.receive(.close, now: 1, limits: limits), .closedByPeer)
    #expect(left.phase == .closed)
    check(machine.poll(), .answerAndClose)
    check(machine.poll(), .refuse(.unknownSession))
    check(forgotten.deadlineReached(now: 999, limits: limits), .wait)
    check(forgotten.deadlineReached(now: 1000, limits: limits), .forget)
    #expect(forgotten.phase == .closed)
  }

  @Test("sends what waits before the 1, in an answer of its own")
  func closeBuffered() {
    var machine = polling()
    _ = machine.send(2, limits: limits)
    check(machine.close(discard: false, now: 0, limits: limits), .awaitPoll)
    check(machine.poll(), .answer)
    machine.bufferTaken()
    check(machine.poll(), .answerAndClose)
    machine = polling()
    _ = machine.poll()
    _ = machine.send(2, limits: limits)
    var discarding = machine
    check(machine.close(discard: false, now: 0, limits: limits), .flushPoll)
    machine.bufferTaken()
    machine.pollAnswered()
    #expect(machine.phase == .closing)
    check(machine.poll(), .answerAndClose)
    check(discarding.close(discard: true, now: 0, limits: limits), .flushPoll)
    #expect(discarding.phase == .closed)
  }

  @Test("waits for nothing when it is told to discard")
  func closeDiscarding() {
    var machine = polling()
    check(machine.close(discard: true, now: 0, limits: limits), .nothing)
    #expect(machine.phase == .closed)
    var direct = webSocket()
    check(direct.close(discard: true, now: 0, limits: limits), .closeWebSocket)
  }

  // MARK: Heartbeat

  @Test("pings after the interval, counted from the last pong")
  func ping() {
    var machine = webSocket()
    check(machine.deadlineReached(now: 299, limits: limits), .wait)
    check(machine.deadlineReached(now: 300, limits: limits), .ping)
    #expect(machine.deadline == 500)
    check(machine.receive(.pong, now: 350, limits: limits), .nothing)
    #expect(machine.deadline == 650)
    check(machine.deadlineReached(now: 500, limits: limits), .wait)
    check(machine.deadlineReached(now: 650, limits: limits), .ping)
  }

  @Test("ends the session when no pong comes in time")
  func pingTimeout() {
    var machine = polling()
    _ = machine.deadlineReached(now: 300, limits: limits)
    #expect(!machine.isOverdue(now: 499))
    #expect(machine.isOverdue(now: 500))
    check(machine.receive(.message, now: 400, limits: limits), .deliver)
    check(machine.deadlineReached(now: 500, limits: limits), .pingTimeout)
    #expect(machine.phase == .closed)
    check(machine.deadlineReached(now: 600, limits: limits), .forget)
  }

  @Test("gives the whole timeout to a ping that was sent late")
  func lateLoop() {
    var machine = webSocket()
    check(machine.deadlineReached(now: 300 + late, limits: limits), .ping)
    #expect(machine.deadline >= 300 + late - 10_000_000 + 200)
  }
}
