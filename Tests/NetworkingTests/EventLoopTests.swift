import Glibc
import Networking
import Synchronization
import Testing

@Suite("The loop")
struct EventLoopTests {
  @Test("calls of one thread run in their order, on the loop")
  func calls() async throws {
    let seen = Mutex<[Int]>([])
    try await withLoop { loop in
      for number in 0..<1000 {
        loop.execute {
          #expect(loop.isCurrent)
          #expect(EventLoop.current === loop)
          seen.withLock { $0.append(number) }
        }
      }
      try await loop.submit {}
      #expect(seen.withLock { $0 } == Array(0..<1000))
      #expect(!loop.isCurrent)
    }
  }

  @Test("nothing is lost between many threads")
  func threads() async throws {
    try await withLoop { loop in
      let counter = Counter()
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            for _ in 0..<2000 { loop.execute { counter.add() } }
            for _ in 0..<50 { _ = try? await loop.submit { counter.add() } }
          }
        }
      }
      try await loop.submit {}
      #expect(counter.count == 8 * 2050)
    }
  }

  @Test("a roll call finds the loop that is stuck, calls it once only, and finds it well again")
  func rollCall() async throws {
    try await onLoop { home in
      let group = EventLoopGroup(count: 3)
      defer { group.stop() }
      let roll = LoopRoll(home: home, loops: group.loops)
      let called = Mutex<[Int]>([])
      #expect(await roll.call(within: .seconds(30)) { index in called.withLock { $0.append(index) } } == [])
      #expect(called.withLock { $0.sorted() } == [0, 1, 2])
      let gate = Gate()
      group.loops[1].execute { gate.wait() }
      #expect(await roll.call(within: .seconds(1)) == [1])
      #expect(await roll.call(within: .seconds(1)) { index in called.withLock { $0.append(index) } } == [1])
      #expect(called.withLock { $0.count } == 5)
      gate.open()
      // Its late answer counts for the next call.
      var missing: Set<Int> = [1]
      for _ in 0..<1000 where !missing.isEmpty { missing = await roll.call(within: .seconds(1)) }
      #expect(missing == [])
    }
  }

  @Test("an observer hears how long a tick was and how late a timer")
  func tickObserver() async throws {
    final class Ticks: TickObserver {
      var longest: UInt64 = 0
      var latest: UInt64 = 0
      func ticked(busy: UInt64, lateness: UInt64) {
        longest = max(longest, busy)
        latest = max(latest, lateness)
      }
    }
    try await onLoop { loop in
      let ticks = Ticks()
      loop.tickObserver = ticks
      let duration = Duration.milliseconds(30)
      // Due while the loop is busy in this very tick.
      loop.schedule(after: .milliseconds(5)) {}
      usleep(30_000)
      // A tick is told of when it is over: in the one that fires the timer it may be too early to look.
      for _ in 0..<1000 where ticks.latest == 0 { try await loop.sleep(for: .milliseconds(5)) }
      loop.tickObserver = nil
      #expect(ticks.longest >= duration.nanoseconds)
      #expect(ticks.latest >= 20_000_000)
    }
  }

  @Test("a task stays on its loop across every kind of await")
  func staying() async throws {
    try await onLoop { loop in
      #expect(loop.isCurrent)
      await Task.yield()
      #expect(loop.isCurrent)
      try await loop.sleep(for: .milliseconds(1))
      #expect(loop.isCurrent)
      try await Task.sleep(for: .milliseconds(1))
      #expect(loop.isCurrent)
      await withUnsafeContinuation { continuation in
        EventLoop.startThread(named: "elsewhere") { continuation.resume() }
      }
      #expect(loop.isCurrent)
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<10 {
          group.addTask {
            await Task.yield()
            return loop.isCurrent
          }
        }
        for await isOnLoop in group { #expect(isOnLoop) }
        #expect(loop.isCurrent)
      }
      async let child = isOn(loop)
      #expect(await child)
      #expect(loop.isCurrent)
      let (stream, continuation) = AsyncStream<Int>.makeStream()
      EventLoop.startThread(named: "elsewhere") {
        continuation.yield(1)
        continuation.finish()
      }
      for await _ in stream { #expect(loop.isCurrent) }
      #expect(loop.isCurrent)
      _ = try await WorkerThreads.blocking.run { #expect(!loop.isCurrent) }
      #expect(loop.isCurrent)
      let other = EventLoop.spawn(name: "other")
      let isElsewhere = try await other.submit { other.isCurrent && !loop.isCurrent }
      #expect(isElsewhere)
      other.stop()
      #expect(loop.isCurrent)
    }
  }

  private func isOn(_ loop: EventLoop) async -> Bool {
    await Task.yield()
    return loop.isCurrent
  }

  @Test("an async call that does not wait takes no turn in the queue")
  func callsWithoutTurns() async throws {
    @Sendable func nested(_ depth: Int) async -> Int { depth == 0 ? 0 : await nested(depth - 1) + 1 }
    try await onLoop { loop in
      // Not before its first suspension, nor after one: nobody else's turn comes in between.
      let turns = Counter()
      let other = loop.start {
        while !Task.isCancelled {
          turns.add()
          await Task.yield()
        }
      }
      await Task.yield()
      let before = turns.count
      #expect(await nested(20) == 20)
      #expect(turns.count == before)
      let atOnce = loop.start {
        let before = turns.count
        _ = await nested(20)
        return turns.count - before
      }
      #expect(await atOnce.value == 0)
      other.cancel()
      await other.value
    }
  }

  @Test("start runs at once, up to the first suspension")
  func start() async throws {
    try await onLoop { loop in
      let order = Mutex<[String]>([])
      let task = loop.start {
        order.withLock { $0.append("first") }
        await Task.yield()
        order.withLock { $0.append("third") }
        return loop.isCurrent
      }
      order.withLock { $0.append("second") }
      #expect(await task.value)
      #expect(order.withLock { $0 } == ["first", "second", "third"])
    }
  }

  @Test("jobs that enqueue jobs starve neither timers nor sockets")
  func fairness() async throws {
    try await onLoop { loop in
      let isDone = Counter()
      let pair = try await Pair.make(loop)
      let spinner = loop.start {
        while isDone.count == 0 { await Task.yield() }
      }
      try await loop.sleep(for: .milliseconds(1))
      pair.client.connection.write("x")
      try await pair.server.waitForBytes(1)
      isDone.add()
      await spinner.value
    }
  }

  @Test("a cancelled sleep ends at once; so does one in a task that is cancelled already")
  func cancelledSleep() async throws {
    try await onLoop { loop in
      let task = loop.start {
        do {
          try await loop.sleep(for: .seconds(600))
          return false
        } catch { return error is CancellationError && loop.isCurrent }
      }
      task.cancel()
      #expect(await task.value)
      let again = loop.start {
        while !Task.isCancelled { await Task.yield() }
        return (try? await loop.sleep(for: .seconds(600))) == nil
      }
      again.cancel()
      #expect(await again.value)
    }
  }

  @Test("cancelling who waits for submit cancels what was submitted")
  func cancelledSubmit() async throws {
    try await withLoop { loop in
      let task = Task {
        try await loop.submit { try await loop.sleep(for: .seconds(600)) }
      }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test("an actor may live on a loop")
  func actors() async throws {
    actor Resident {
      let loop: EventLoop
      private var count = 0
      init(_ loop: EventLoop) { self.loop = loop }
      nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
      func visit() async -> Bool {
        count += 1
        await Task.yield()
        return loop.isCurrent
      }
      var visits: Int { count }
    }
    try await withLoop { loop in
      let resident = Resident(loop)
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<100 { group.addTask { await resident.visit() } }
        for await isOnLoop in group { #expect(isOnLoop) }
      }
      #expect(await resident.visits == 100)
    }
  }

  @Test("a stopped loop and its thread go away")
  func stopped() async throws {
    weak var loop: EventLoop?
    do {
      let spawned = EventLoop.spawn(name: "short-lived")
      loop = spawned
      try await spawned.submit {}
      spawned.stop()
    }
    let deadline = ContinuousClock.now + .seconds(20)
    while loop != nil, ContinuousClock.now < deadline { await Task.yield() }
    #expect(loop == nil)
  }

  @Test("a stopped loop closes what it watched, and frees what its timers held")
  func stoppedWithConnections() async throws {
    final class Held: Sendable {}
    weak var loop: EventLoop?
    weak var held: Held?
    let client: RawClient
    do {
      let spawned = EventLoop.spawn(name: "short-lived")
      let object = Held()
      loop = spawned
      held = object
      let port = try await spawned.submit {
        let listener = try Listener(.loopback(port: 0), loop: spawned) { $0.start(Peer($0)) }
        spawned.schedule(after: .seconds(600)) { withExtendedLifetime(object) {} }
        return listener.address.port
      }
      client = RawClient(port: port)
      // Taken before the loop is stopped.
      try await spawned.submit {}
      spawned.stop()
    }
    #expect(client.readToEnd() == [])
    let deadline = ContinuousClock.now + .seconds(20)
    while loop != nil || held != nil, ContinuousClock.now < deadline { await Task.yield() }
    #expect(loop == nil)
    #expect(held == nil)
  }

  @Test("a task that outlives its loop is never resumed, and breaks nothing")
  func outlived() async throws {
    weak var loop: EventLoop?
    let continuations = Mutex<[UnsafeContinuation<Void, Never>]>([])
    do {
      let spawned = EventLoop.spawn(name: "short-lived")
      loop = spawned
      spawned.execute {
        for _ in 0..<3 {
          EventLoop.current?.start {
            await withUnsafeContinuation { continuation in continuations.withLock { $0.append(continuation) } }
            Issue.record("resumed on a loop that has ended")
          }
        }
      }
      try await spawned.submit {}
      spawned.stop()
    }
    let deadline = ContinuousClock.now + .seconds(20)
    while loop != nil, ContinuousClock.now < deadline { await Task.yield() }
    #expect(loop == nil)
    let waiting = continuations.withLock { $0 }
    #expect(waiting.count == 3)
    for continuation in waiting { continuation.resume() }
    // On another loop's thread too, which must not take them for its own.
    try await onLoop { _ in await Task.yield() }
  }

  @Test("a channel whose number went to another one cannot disturb it")
  func reusedDescriptor() async throws {
    try await onLoop { loop in
      var pipes: [Int32] = [0, 0]
      #expect(pipe(&pipes) == 0)
      let condition = Condition(loop)
      var isReadable = false
      let old = DescriptorWatch(descriptor: pipes[0], loop: loop) { _ in Issue.record("the old watch was told") }
      loop.add(old, .read)
      // The same number for another file, as when a library closes a descriptor by itself.
      var others: [Int32] = [0, 0]
      #expect(pipe(&others) == 0)
      #expect(dup2(others[0], pipes[0]) == pipes[0])
      let new = DescriptorWatch(descriptor: pipes[0], loop: loop) { _ in
        isReadable = true
        condition.signal()
      }
      loop.add(new, .read)
      loop.modify(old, [])
      loop.remove(old)
      #expect(write(others[1], "x", 1) == 1)
      try await condition.wait("readable") { isReadable }
      loop.remove(new)
      for descriptor in pipes + others { close(descriptor) }
    }
  }
}
