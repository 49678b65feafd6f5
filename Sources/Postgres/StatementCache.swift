/// What one connection has prepared, bounded, least recently used first out.
///
/// A statement is found by its text and the types of its parameters. While its preparation is under way it is not
/// `isPrepared`, and others of the same text go unprepared, so that they do not share its failure.
struct StatementCache {
  final class Entry {
    let statement: PostgresStatement
    let types: [UInt32]
    /// The server's name for it, unique on the connection.
    let name: String
    var isPrepared = false
    /// No longer in the cache, to make room.
    fileprivate(set) var isEvicted = false
    fileprivate var previous: Entry?
    fileprivate unowned(unsafe) var next: Entry?

    init(statement: PostgresStatement, types: [UInt32], name: String) {
      self.statement = statement
      self.types = types
      self.name = name
    }
  }

  private var entries: [PostgresStatement: Entry] = [:]
  // Most recently used first. Strong links point towards the older entry, so there is no cycle.
  private var newest: Entry?
  private var oldest: Entry?
  private var lastName = 0
  let limit: Int

  init(limit: Int) { self.limit = limit }

  var count: Int { entries.count }

  /// The entry for a statement, moved to the front; nil when there is none of these types.
  mutating func find(_ statement: PostgresStatement, _ slots: [PostgresParameters.Slot]) -> Entry? {
    guard let entry = entries[statement], entry.types.count == slots.count else { return nil }
    for index in 0..<slots.count where entry.types[index] != slots[index].type { return nil }
    if entry !== newest {
      unlink(entry)
      link(entry)
    }
    return entry
  }

  /// A new entry. `evicted` is what has to be deallocated on the server for it.
  mutating func insert(
    _ statement: PostgresStatement, _ slots: [PostgresParameters.Slot]
  ) -> (entry: Entry, evicted: [Entry]) {
    var evicted: [Entry] = []
    if let other = entries[statement] {
      remove(other)
      other.isEvicted = true
      evicted.append(other)
    }
    while entries.count >= limit, let oldest {
      remove(oldest)
      oldest.isEvicted = true
      evicted.append(oldest)
    }
    lastName += 1
    let entry = Entry(statement: statement, types: slots.map(\.type), name: "s\(lastName)")
    entries[statement] = entry
    link(entry)
    return (entry, evicted)
  }

  /// Forgets an entry; false when it was no longer here.
  @discardableResult
  mutating func remove(_ entry: Entry) -> Bool {
    guard entries[entry.statement] === entry else { return false }
    entries[entry.statement] = nil
    unlink(entry)
    return true
  }

  private mutating func link(_ entry: Entry) {
    entry.previous = newest
    newest?.next = entry
    newest = entry
    if oldest == nil { oldest = entry }
  }

  private mutating func unlink(_ entry: Entry) {
    let next = entry.next
    let previous = entry.previous
    if let next { next.previous = previous } else { newest = previous }
    if let previous { previous.next = next } else { oldest = next }
    entry.next = nil
    entry.previous = nil
  }
}
