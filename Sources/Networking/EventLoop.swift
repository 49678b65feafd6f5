// Networking: the ground everything stands on.
//
// One `EventLoop` is one thread around one epoll instance, and a server runs one a core. Nothing is shared between
// loops on a hot path: each accepts its own connections (SO_REUSEPORT) and has its own drivers.
//
// Concurrency. A loop is a `SerialExecutor`, and owns a `TaskExecutor` (`tasks`), so ordinary `async` functions start
// on it, await, and resume on the same thread. Classes that live on one loop are `@unchecked Sendable` and may be
// touched from that loop's thread only; `assertCurrent()` says so where a mistake would be quiet. What may be called
// from any thread is marked so; it is `execute`, `submit` and the executors' `enqueue`.
//
// One tick: wait -> the ready channels -> timers due -> jobs -> flush of every channel that was written to -> tick-end
// callbacks. Writing therefore costs a copy; the system call is one per connection and tick, whatever was written.
//
// Lifecycle. `EventLoop.spawn` starts the thread; `stop()` ends it after the current tick. A channel is kept alive by
// the loop from `add` to `remove`. A tag carries the generation of its descriptor, so an event of a closed descriptor
// never reaches the channel that was given the same number.

import CLinux
import Glibc
import Synchronization

/// One thread with one epoll instance, on which sockets, timers and Swift jobs run one at a time.
package final class EventLoop: SerialExecutor, @unchecked Sendable {
  /// A job and how it must be run: isolated to the loop (an actor's) or merely on it (a task's).
  struct Entry {
    var job: UnownedJob
    var isIsolated: Bool
  }

  /// The executor to prefer for tasks: `Task.immediate(executorPreference: loop.tasks)`, or `loop.start`.
  package let tasks: EventLoopTasks

  /// Monotonic time in nanoseconds, read once a tick.
  package private(set) var now = clinux_monotonic_ns()

  /// The loop's receive buffer (64 KiB), valid within one callback.
  package let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)

  /// Hears of each tick. On the loop's thread only.
  package var tickObserver: (any TickObserver)?

  let epoll: Int32
  let buffers = BufferPool()
  var tlsTransport: TLSTransport?
  var timers = TimerHeap()
  private var channels: ContiguousArray<Channel?> = []
  private var generations: ContiguousArray<UInt32> = []
  private var jobs: ContiguousArray<Entry> = []
  private var runningJobs: ContiguousArray<Entry> = []
  private var dirty: ContiguousArray<Channel> = []
  private var flushing: ContiguousArray<Channel> = []
  private var tickEndCalls: ContiguousArray<() -> Void> = []
  private var locals: [ObjectIdentifier: AnyObject] = [:]
  let inbox: LoopInbox
  private let isStopping = Atomic(false)

  /// Fails only where the process is out of descriptors, which is fatal at start.
  package init() {
    inbox = LoopInbox()
    tasks = EventLoopTasks(inbox: inbox)
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    precondition(epoll >= 0, "cannot create an event loop: errno \(clinux_errno())")
    _ = clinux_epoll_control(epoll, EPOLL_CTL_ADD, inbox.descriptor, EPOLLIN.rawValue, UInt64.max)
    jobs.reserveCapacity(1024)
    runningJobs.reserveCapacity(1024)
  }

  deinit {
    scratch.deallocate()
    close(epoll)
  }

  // MARK: Where am I

  /// True on this loop's own thread.
  package var isCurrent: Bool { clinux_tls_loop() == Unmanaged.passUnretained(self).toOpaque() }

  /// The loop whose thread this is.
  package static var current: EventLoop? {
    clinux_tls_loop().map { Unmanaged<EventLoop>.fromOpaque($0).takeUnretainedValue() }
  }

  @inline(__always)
  package func assertCurrent() { assert(isCurrent, "called from outside the loop's thread") }

  /// What a module above keeps once a loop, by its type; made when it is asked for the first time.
  package func local<Value: AnyObject>(_ make: () -> Value) -> Value {
    assertCurrent()
    if let existing = locals[ObjectIdentifier(Value.self)] as? Value { return existing }
    let made = make()
    locals[ObjectIdentifier(Value.self)] = made
    return made
  }

  // MARK: From any thread

  /// Runs `call` on the loop. Any thread; calls of one thread run in their order.
  package func execute(_ call: @escaping @Sendable () -> Void) { inbox.add(call) }

  /// Ends the loop after its current tick and lets go of all that it watched: connections are closed without a word to
  /// their handlers, tasks that wait are never resumed. Any thread.
  package func stop() {
    isStopping.store(true, ordering: .releasing)
    inbox.wakeUp()
  }

  func put(_ entry: Entry) {
    if isCurrent { jobs.append(entry) } else { inbox.add(entry) }
  }

  /// On the loop's thread.
  @inline(__always)
  func putHere(_ entry: Entry) { jobs.append(entry) }

  // MARK: Channels

  /// Watches `channel.descriptor` and keeps the channel alive until `remove`.
  package func add(_ channel: Channel, _ interest: Interest) {
    assertCurrent()
    let index = Int(channel.descriptor)
    while channels.count <= index {
      channels.append(nil)
      generations.append(0)
    }
    generations[index] &+= 1
    channel.generation = generations[index]
    channels[index] = channel
    _ = clinux_epoll_control(epoll, EPOLL_CTL_ADD, channel.descriptor, interest.rawValue, channel.tag)
  }

  /// Watches for something else. Ignored unless the channel is the one that is watched: a library may have closed the
  /// descriptor by itself and another channel have been given its number.
  package func modify(_ channel: Channel, _ interest: Interest) {
    let index = Int(channel.descriptor)
    guard index < channels.count, channels[index] === channel else { return }
    _ = clinux_epoll_control(epoll, EPOLL_CTL_MOD, channel.descriptor, interest.rawValue, channel.tag)
  }

  /// Forgets the channel; closing the descriptor is its owner's.
  package func remove(_ channel: Channel) {
    let index = Int(channel.descriptor)
    guard index < channels.count, channels[index] === channel else { return }
    channels[index] = nil
    _ = clinux_epoll_control(epoll, EPOLL_CTL_DEL, channel.descriptor, 0, 0)
  }

  /// Calls `channel.flush()` once, at the end of this tick.
  @inline(__always)
  package func flushAtTickEnd(_ channel: Channel) {
    if !channel.isDirty {
      channel.isDirty = true
      dirty.append(channel)
    }
  }

  /// Runs `call` after everything else of this tick. What it causes belongs to the next tick.
  package func atTickEnd(_ call: @escaping () -> Void) { tickEndCalls.append(call) }

  // MARK: Running

  /// Runs until `stop()`; the calling thread becomes the loop's.
  package func run() {
    clinux_set_tls_loop(Unmanaged.passUnretained(self).toOpaque())
    defer { clinux_set_tls_loop(nil) }
    let capacity = 512
    let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
    defer { events.deallocate() }
    var end = now
    while !isStopping.load(ordering: .acquiring) {
      let count = epoll_wait(epoll, events, Int32(capacity), waitTime(end))
      now = clinux_monotonic_ns()
      var index = 0
      while index < count {
        deliver(tag: events[index].data.u64, events: events[index].events)
        index += 1
      }
      var lateness: UInt64 = 0
      while let timer = timers.popDue(now) {
        lateness = max(lateness, now &- timer.heapDeadline)
        timer.fire()
      }
      runJobs()
      flushDirty()
      runTickEnd()
      end = clinux_monotonic_ns()
      tickObserver?.ticked(busy: end &- now, lateness: lateness)
    }
    letGo()
  }

  /// Channels hold their loop, and timers what they will do: without this, neither would ever be freed.
  private func letGo() {
    let held = (channels, timers.removeAll(), dirty, tickEndCalls, locals)
    channels = []
    locals = [:]
    dirty = []
    tickEndCalls = []
    // What they do now may arm a timer or write: the fields are in order again.
    for channel in held.0 { channel?.abandoned() }
  }

  /// Milliseconds for epoll_wait: 0 when there is work, -1 when there is nothing to wait for but events.
  private func waitTime(_ current: UInt64) -> Int32 {
    if !jobs.isEmpty || !dirty.isEmpty || !tickEndCalls.isEmpty { return 0 }
    guard let next = timers.next else { return -1 }
    return next <= current ? 0 : Int32(min((next - current + 999_999) / 1_000_000, 60_000))
  }

  private func deliver(tag: UInt64, events: UInt32) {
    if tag == UInt64.max { return drainInbox() }
    let index = Int(truncatingIfNeeded: tag & 0xffff_ffff)
    guard let channel = channels[index], channel.generation == UInt32(truncatingIfNeeded: tag >> 32) else { return }
    channel.ready(Interest(rawValue: events))
  }

  private func drainInbox() {
    let box = inbox.drain()
    jobs.append(contentsOf: box.jobs)
    for call in box.calls { call() }
  }

  /// Bounded rounds, so that jobs which enqueue jobs cannot starve the sockets.
  private func runJobs() {
    let serial = asUnownedSerialExecutor()
    let preferred = tasks.asUnownedTaskExecutor()
    var rounds = 0
    while !jobs.isEmpty, rounds < 16 {
      swap(&jobs, &runningJobs)
      for entry in runningJobs {
        if entry.isIsolated {
          entry.job.runSynchronously(on: serial)
        } else {
          // On the task executor alone: a job that counts as isolated to the loop is queued anew at each call of an
          // async function that is not, 0.6 µs each.
          entry.job.runSynchronously(on: preferred)
        }
      }
      runningJobs.removeAll(keepingCapacity: true)
      rounds += 1
    }
  }

  private func flushDirty() {
    guard !dirty.isEmpty else { return }
    swap(&dirty, &flushing)
    for channel in flushing {
      channel.isDirty = false
      channel.flush()
    }
    flushing.removeAll(keepingCapacity: true)
  }

  private func runTickEnd() {
    guard !tickEndCalls.isEmpty else { return }
    let calls = tickEndCalls
    tickEndCalls.removeAll(keepingCapacity: true)
    for call in calls { call() }
  }
}
