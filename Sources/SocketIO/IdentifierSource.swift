import Primitives

/// Random words for identifiers from a pool, for asking the system costs more than an identifier is worth.
struct IdentifierSource {
  private var pool: [UInt64] = []

  /// An identifier of a session that belongs to the loop with this index.
  mutating func session(loop: Int) -> SessionID { SessionID(random: word(), word(), loop: loop) }

  /// An identifier that says nothing.
  mutating func socket() -> SessionID { SessionID(high: word(), low: word()) }

  private mutating func word() -> UInt64 {
    if let word = pool.popLast() { return word }
    pool = Array(unsafeUninitializedCapacity: 128) { words, count in
      SecureRandom.fill(UnsafeMutableRawBufferPointer(words))
      count = words.count
    }
    return pool.removeLast()
  }
}
