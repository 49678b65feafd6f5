import Glibc

/// The bytes of a document and, behind them in the same block, the tape: an entry for each value in the order of the
/// source, an object's keys before their values. Written by `JSONParser`, then never again.
final class JSONTape: @unchecked Sendable {
  struct Entry {
    /// The value's bytes in the source, a string's with its quotes.
    var start: UInt32
    var end: UInt32
    /// The entry after this value and all that is within it. While a container is open: the container around it.
    var next: UInt32
    /// Kind in three bits, a flag, then the number of elements or members.
    var info: UInt32

    static let flag: UInt32 = 8
    static let countShift: UInt32 = 4

    var kind: JSONKind { JSONKind(rawValue: UInt8(truncatingIfNeeded: info & 7)).unsafelyUnwrapped }
    /// A string with escapes, a number without fraction or exponent, or `true`.
    var isFlagged: Bool { info & Self.flag != 0 }
    var count: Int { Int(info >> Self.countShift) }
  }

  /// Zero bytes behind the source: one 8-byte load may begin at its end.
  static let padding = 16

  let source: UnsafePointer<UInt8>
  let sourceCount: Int
  let entries: UnsafePointer<Entry>
  private let block: UnsafeMutableRawPointer

  init(block: UnsafeMutableRawPointer, sourceCount: Int, entriesOffset: Int) {
    self.block = block
    self.sourceCount = sourceCount
    source = UnsafePointer(block.assumingMemoryBound(to: UInt8.self))
    entries = UnsafePointer((block + entriesOffset).assumingMemoryBound(to: Entry.self))
  }

  deinit { free(block) }

  /// The contents of a string without its quotes, escapes as they are.
  func contents(_ entry: Entry) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: source + Int(entry.start) + 1, count: Int(entry.end - entry.start) - 2)
  }

  /// The value of the last member of the object at `index` that has this key.
  func value(of key: UnsafeBufferPointer<UInt8>, in index: Int) -> Int? {
    let end = Int(entries[index].next)
    var found: Int?
    var position = index + 1
    while position < end {
      let entry = entries[position]
      let value = position + 1
      if entry.isFlagged {
        if JSONEscapes.decode(contents(entry)).elementsEqual(key) { found = value }
      } else if Int(entry.end - entry.start) == key.count + 2,
        memcmp(source + Int(entry.start) + 1, key.baseAddress!, key.count) == 0
      {
        found = value
      }
      position = Int(entries[value].next)
    }
    return found
  }
}

/// What a value is.
package enum JSONKind: UInt8, Sendable {
  case null, bool, number, string, array, object
}
