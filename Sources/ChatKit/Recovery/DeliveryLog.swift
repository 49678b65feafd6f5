package import Primitives

/// What a hub has delivered, in its order: which message of which conversation had which ordinal. Kept in a ring.
///
/// A client's offset is one number, but it stands for a place in each of its rooms. The log translates: a room of which
/// nothing was delivered after the offset is had in full, and of any other the first message after it is the first that
/// is lacking.
package struct DeliveryLog: Sendable {
  /// One delivery; `seq` is 0 for an ordinal that stands for something else than a message.
  package struct Entry: Equatable, Sendable {
    package var conversation: UUID
    package var seq: Int64

    package init(conversation: UUID, seq: Int64) {
      self.conversation = conversation
      self.seq = seq
    }
  }

  /// Entries for a reader elsewhere: those with ordinals above `previous`, up to `last`.
  package struct Batch: Equatable, Sendable {
    package var previous: UInt64
    package var entries: [Entry]
    package var last: UInt64 { previous + UInt64(entries.count) }

    package init(previous: UInt64, entries: [Entry]) {
      self.previous = previous
      self.entries = entries
    }
  }

  /// The last ordinal that was given out; the first is 1.
  package private(set) var ordinal: UInt64 = 0
  private var ring: ContiguousArray<Entry> = []
  private let capacity: Int
  private var taken: UInt64 = 0
  /// Whether a message waits to be taken.
  package private(set) var hasNews = false

  package init(capacity: Int = 16_384) { self.capacity = capacity }

  /// Notes the delivery of a message and returns its ordinal.
  @discardableResult
  package mutating func append(_ conversation: UUID, seq: Int64) -> UInt64 {
    hasNews = true
    return put(Entry(conversation: conversation, seq: seq))
  }

  /// An ordinal of its own for what is no message.
  package mutating func mark() -> UInt64 { put(Entry(conversation: UUID(high: 0, low: 0), seq: 0)) }

  private mutating func put(_ entry: Entry) -> UInt64 {
    if ring.count < capacity {
      ring.append(entry)
    } else {
      ring[Int(ordinal % UInt64(capacity))] = entry
    }
    ordinal += 1
    return ordinal
  }

  /// The ordinals above this one are all in the ring.
  package var coveredFrom: UInt64 { ordinal - UInt64(ring.count) }

  /// What was delivered after `ordinal`; nil when the ring does not reach back to it.
  package func entries(after ordinal: UInt64) -> [Entry]? {
    guard ordinal >= coveredFrom else { return nil }
    guard ordinal < self.ordinal else { return [] }
    return (ordinal..<self.ordinal).map { ring[Int($0 % UInt64(capacity))] }
  }

  /// What has been noted since the last time, for a reader elsewhere.
  package mutating func takeBatch() -> Batch {
    let previous = max(taken, coveredFrom)
    let batch = Batch(previous: previous, entries: entries(after: previous) ?? [])
    taken = ordinal
    hasNews = false
    return batch
  }

  /// The newest `count` entries at most, as one batch: what a reader needs who has lost everything.
  package mutating func retake(_ count: Int) -> Batch {
    taken = max(coveredFrom, ordinal - min(ordinal, UInt64(count)))
    return takeBatch()
  }
}

extension DeliveryLog.Batch {
  /// Big-endian: `previous`, then 24 bytes an entry.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + entries.count * 24)
    bytes.append(word: previous)
    for entry in entries {
      bytes.append(word: entry.conversation.high)
      bytes.append(word: entry.conversation.low)
      bytes.append(word: UInt64(bitPattern: entry.seq))
    }
    return bytes
  }

  package init?(_ bytes: [UInt8]) {
    guard bytes.count >= 8, (bytes.count - 8) % 24 == 0 else { return nil }
    previous = bytes.word(at: 0)
    entries = stride(from: 8, to: bytes.count, by: 24).map { at in
      DeliveryLog.Entry(
        conversation: UUID(high: bytes.word(at: at), low: bytes.word(at: at + 8)),
        seq: Int64(bitPattern: bytes.word(at: at + 16)))
    }
  }
}

extension [UInt8] {
  mutating func append(word: UInt64) {
    Swift.withUnsafeBytes(of: word.bigEndian) { append(contentsOf: $0) }
  }

  func word(at offset: Int) -> UInt64 {
    var value: UInt64 = 0
    for byte in self[offset..<offset + 8] { value = value << 8 | UInt64(byte) }
    return value
  }
}
