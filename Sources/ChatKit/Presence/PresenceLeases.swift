package import Networking
package import Primitives
import Redis

/// The leases of a loop's sockets: taken, renewed and ended in batches.
///
/// What gathers while Redis is busy goes out as one script, new ones before ended ones, so who comes in a storm costs a
/// few hundred nanoseconds. A tenth of what is held is renewed in each tenth of the interval; a loop that was held up renews
/// at once what has become due meanwhile, for it may have run out already. Nothing is repeated: a
/// lease that could not be taken is taken by its next renewal, and one that could not be ended runs out.
///
/// Redis that was emptied says so in its next answer, and one that was away by a new connection: then all is renewed at
/// once. One a loop; on that loop only.
package final class PresenceLeases: @unchecked Sendable {
  private struct Slot {
    var lease: PresenceLease
    var isHeld: Bool
  }

  private static let shares = 10
  /// How long who comes or goes may wait for others who do: in a storm, one script is for many of them.
  private static let gathering = Duration.milliseconds(10)

  private let store: PresenceStore
  private let loop: EventLoop
  private var slots: ContiguousArray<Slot> = []
  private var free: [Int32] = []
  /// Slots whose lease is to be taken, and leases that are to be ended.
  private var fresh: [Int32] = []
  private var ended: [PresenceLease] = []
  /// Where the next share of renewals begins, and how many slots are due by now.
  private var cursor = 0
  private var due = 0
  private var tickedAt: UInt64 = 0
  private var number = UInt64.random(in: 0...UInt64.max)
  private var pulse: PresenceStore.Pulse?
  private var generation = 0
  private var isRunning = false
  private var isClosed = false
  private lazy var timer = loop.timer { [unowned self] in tick() }
  /// Told when Redis does not take them, once an outage.
  package var report: (any Error) -> Void = { _ in }
  private var isFailing = false

  package struct Counters: Sendable {
    package var renewed = 0
    package var scripts = 0
  }

  package private(set) var counters = Counters()
  /// Each of them.
  package var held: [PresenceLease] { slots.lazy.filter(\.isHeld).map(\.lease) }
  /// Leases that are held.
  package var count: Int { slots.count - free.count }

  package init(store: PresenceStore, loop: EventLoop) {
    self.store = store
    self.loop = loop
    slots.reserveCapacity(64)
  }

  /// Takes a lease for a connection of `user`; the answer names it to `release`.
  package func take(_ user: UUID) -> Int32 {
    number &+= 1
    let slot = Slot(lease: PresenceLease(user: user, device: .connection(number)), isHeld: true)
    let index: Int32
    if let reused = free.popLast() {
      index = reused
      slots[Int(index)] = slot
    } else {
      index = Int32(slots.count)
      slots.append(slot)
    }
    fresh.append(index)
    run()
    if !timer.isArmed {
      tickedAt = loop.now
      timer.arm(after: store.settings.renewal / Self.shares)
    }
    return index
  }

  package func release(_ index: Int32) {
    ended.append(slots[Int(index)].lease)
    slots[Int(index)].isHeld = false
    free.append(index)
    run()
  }

  /// Ends all leases, as far as Redis takes it now: whoever comes back within the grace has not been away.
  package func close() async {
    isClosed = true
    timer.cancel()
    while isRunning { try? await loop.sleep(for: .milliseconds(2)) }
    let held = slots.filter(\.isHeld).map(\.lease) + ended
    guard store.redis.isConnected else { return }
    for start in stride(from: 0, to: held.count, by: PresenceStore.batch) {
      do {
        try await store.release(held[start..<min(start + PresenceStore.batch, held.count)])
      } catch {
        return
      }
    }
  }

  // MARK: Renewal

  private func tick() {
    guard !isClosed else { return }
    if store.redis.generation != generation {
      generation = store.redis.generation
      due = slots.count
    } else {
      let share = (slots.count + Self.shares - 1) / Self.shares
      let interval = (store.settings.renewal / Self.shares).nanoseconds
      // To the nearest: a timer is always a little late.
      let passed = max(1, (loop.now &- tickedAt + interval / 2) / max(1, interval))
      due = min(slots.count, due + share * Int(min(passed, UInt64(Self.shares))))
    }
    tickedAt = loop.now
    if count > 0 { timer.arm(after: store.settings.renewal / Self.shares) }
    if due > 0 { run() }
  }

  private func run() {
    guard !isRunning, !isClosed else { return }
    isRunning = true
    loop.start { [self] in
      try? await loop.sleep(for: Self.gathering)
      while !isClosed {
        do {
          guard try await step() else { break }
          isFailing = false
        } catch {
          // Renewals make up for it.
          fresh.removeAll()
          ended.removeAll()
          due = 0
          if !isFailing { report(error) }
          isFailing = true
          break
        }
      }
      isRunning = false
    }
  }

  /// One script. False when there is nothing to do.
  private func step() async throws -> Bool {
    var leases: [PresenceLease] = []
    let areFresh = !fresh.isEmpty
    if areFresh {
      let batch = fresh.prefix(PresenceStore.batch)
      // One that is gone already was never told of; its end changes nothing in Redis.
      leases = batch.compactMap { slots[Int($0)].isHeld ? slots[Int($0)].lease : nil }
      fresh.removeFirst(batch.count)
    } else if !ended.isEmpty {
      let batch = ended.prefix(PresenceStore.batch)
      ended.removeFirst(batch.count)
      counters.scripts += 1
      try await store.release(batch)
      return true
    } else if due > 0, !slots.isEmpty {
      let share = min(due, PresenceStore.batch, slots.count)
      leases.reserveCapacity(share)
      for _ in 0..<share {
        if cursor >= slots.count { cursor = 0 }
        if slots[cursor].isHeld { leases.append(slots[cursor].lease) }
        cursor += 1
      }
      due -= share
    } else {
      return false
    }
    guard !leases.isEmpty else { return true }
    counters.scripts += 1
    counters.renewed += leases.count
    let pulse = try await store.renew(leases[...], areKnown: !areFresh)
    // Another Redis, or the same one without its memory: it is told of everything, those that were renewed just now included.
    if let known = self.pulse, known.born != pulse.born { due = slots.count }
    self.pulse = pulse
    return true
  }
}
