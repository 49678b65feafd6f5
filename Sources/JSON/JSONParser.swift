import Glibc

/// The one pass over a document: validates it and writes the tape. Iterative, so depth costs no stack.
struct JSONParser: ~Copyable {
  typealias Entry = JSONTape.Entry

  private let count: Int
  private let maximumDepth: Int
  private let entriesOffset: Int
  private var block: UnsafeMutableRawPointer
  private var base: UnsafeMutablePointer<UInt8>
  private var entries: UnsafeMutablePointer<Entry>
  private var used = 0
  private var capacity: Int
  private var position = 0
  private var isFinished = false

  init(_ source: UnsafeRawBufferPointer, maximumDepth: Int) {
    count = source.count
    self.maximumDepth = maximumDepth
    entriesOffset = (count + JSONTape.padding + 15) & ~15
    // Chat messages have a value every ten bytes or so.
    capacity = count / 8 + 8
    block = malloc(entriesOffset + capacity * MemoryLayout<Entry>.stride)!
    base = block.assumingMemoryBound(to: UInt8.self)
    entries = (block + entriesOffset).assumingMemoryBound(to: Entry.self)
    if count > 0 { memcpy(base, source.baseAddress!, count) }
    memset(base + count, 0, JSONTape.padding)
  }

  deinit { if !isFinished { free(block) } }

  consuming func parse() throws(JSONError) -> JSONTape {
    try document()
    isFinished = true
    return JSONTape(block: block, sourceCount: count, entriesOffset: entriesOffset)
  }

  // MARK: Tape

  @inline(__always)
  private mutating func append(_ kind: JSONKind, flag: UInt32 = 0, from start: Int, to end: Int) {
    if used == capacity { grow() }
    entries[used] = Entry(
      start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end),
      next: UInt32(truncatingIfNeeded: used + 1), info: UInt32(kind.rawValue) | flag)
    used += 1
  }

  @inline(never)
  private mutating func grow() {
    capacity *= 2
    block = realloc(block, entriesOffset + capacity * MemoryLayout<Entry>.stride)!
    base = block.assumingMemoryBound(to: UInt8.self)
    entries = (block + entriesOffset).assumingMemoryBound(to: Entry.self)
  }

  // MARK: Grammar

  private mutating func document() throws(JSONError) {
    // The container that is open, or -1; its `next` is the one around it, plus 1.
    var open = -1
    var depth = 0
    values: while true {
      skipSpace()
      let start = position
      let first = base[position]
      switch first {
      case UInt8(ascii: "\""): try string()
      case UInt8(ascii: "-"), 0x30...0x39: try number()
      case UInt8(ascii: "t"): try literal(0x6575_7274, 4, .bool, flag: Entry.flag)
      case UInt8(ascii: "f"): try literal(0x736c_6166, 5, .bool, flag: 0)
      case UInt8(ascii: "n"): try literal(0x6c6c_756e, 4, .null, flag: 0)
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        guard depth <= maximumDepth else { throw error(.tooDeep) }
        let isObject = first == UInt8(ascii: "{")
        append(isObject ? .object : .array, from: start, to: start)
        position += 1
        skipSpace()
        // ASCII puts ']' and '}' two after '[' and '{'.
        if base[position] == first + 2 {
          position += 1
          entries[used - 1].end = UInt32(truncatingIfNeeded: position)
          depth -= 1
        } else {
          entries[used - 1].next = UInt32(truncatingIfNeeded: open + 1)
          open = used - 1
          if isObject { try key() }
          continue values
        }
      default: throw unexpected()
      }
      // A value is complete: what is around it goes on, or is complete too.
      while true {
        skipSpace()
        guard open >= 0 else {
          guard position == count else { throw error(.trailingBytes) }
          return
        }
        entries[open].info &+= 1 << Entry.countShift
        let closing: UInt8 = entries[open].kind == .object ? UInt8(ascii: "}") : UInt8(ascii: "]")
        let byte = base[position]
        if byte == UInt8(ascii: ",") {
          position += 1
          if closing == UInt8(ascii: "}") {
            skipSpace()
            try key()
          }
          continue values
        }
        guard byte == closing else { throw unexpected() }
        position += 1
        let around = Int(entries[open].next) - 1
        entries[open].end = UInt32(truncatingIfNeeded: position)
        entries[open].next = UInt32(truncatingIfNeeded: used)
        open = around
        depth -= 1
      }
    }
  }

  @inline(__always)
  private mutating func skipSpace() {
    while true {
      let byte = base[position]
      guard byte <= 0x20, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return }
      position += 1
    }
  }

  @inline(__always)
  private mutating func key() throws(JSONError) {
    guard base[position] == UInt8(ascii: "\"") else { throw unexpected() }
    try string()
    skipSpace()
    guard base[position] == UInt8(ascii: ":") else { throw unexpected() }
    position += 1
  }

  @inline(__always)
  private mutating func literal(
    _ word: UInt32, _ length: Int, _ kind: JSONKind, flag: UInt32
  ) throws(JSONError) {
    let start = position
    guard UnsafeRawPointer(base + start).loadUnaligned(as: UInt32.self).littleEndian == word,
      length == 4 || base[start + 4] == UInt8(ascii: "e")
    else { throw error(.invalidLiteral) }
    position += length
    append(kind, flag: flag, from: start, to: position)
  }

  private mutating func number() throws(JSONError) {
    let start = position
    var cursor = base + position
    var flag = Entry.flag
    if cursor.pointee == UInt8(ascii: "-") { cursor += 1 }
    if cursor.pointee == UInt8(ascii: "0") {
      cursor += 1
    } else {
      guard digits(&cursor) else { throw error(.invalidNumber) }
    }
    if cursor.pointee == UInt8(ascii: ".") {
      flag = 0
      cursor += 1
      guard digits(&cursor) else { throw error(.invalidNumber) }
    }
    if cursor.pointee | 0x20 == UInt8(ascii: "e") {
      flag = 0
      cursor += 1
      if cursor.pointee == UInt8(ascii: "+") || cursor.pointee == UInt8(ascii: "-") { cursor += 1 }
      guard digits(&cursor) else { throw error(.invalidNumber) }
    }
    position = cursor - base
    guard position - start <= JSONLimits.maximumNumberLength else { throw error(.tooLarge, at: start) }
    // "01" and "1x" end here as what they are, not as a number with something behind it.
    if digit(cursor.pointee) || cursor.pointee | 0x20 == UInt8(ascii: "x") { throw error(.invalidNumber, at: start) }
    append(.number, flag: flag, from: start, to: position)
  }

  @inline(__always)
  private func digit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  @inline(__always)
  private func digits(_ cursor: inout UnsafeMutablePointer<UInt8>) -> Bool {
    guard digit(cursor.pointee) else { return false }
    repeat { cursor += 1 } while digit(cursor.pointee)
    return true
  }

  /// A string from its opening quote to behind its closing one.
  private mutating func string() throws(JSONError) {
    let start = position
    var cursor = base + start + 1
    var flag: UInt32 = 0
    while true {
      // Eight plain ASCII bytes at a time. The lowest mark is exact; those above it may be false, and are not looked at.
      var word = UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self).littleEndian
      var marks = JSONBytes.special(word)
      while marks == 0 {
        cursor += 8
        word = UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self).littleEndian
        marks = JSONBytes.special(word)
      }
      cursor += marks.trailingZeroBitCount >> 3
      let byte = cursor.pointee
      switch byte {
      case UInt8(ascii: "\""):
        position = cursor - base + 1
        append(.string, flag: flag, from: start, to: position)
        return
      case UInt8(ascii: "\\"):
        flag = Entry.flag
        cursor += try escape(cursor)
      case 0x80...:
        repeat {
          let length = JSONBytes.scalarLength(cursor)
          guard length > 0 else { throw stopped(.invalidUTF8, cursor) }
          cursor += length
        } while cursor.pointee >= 0x80
      default:
        throw stopped(.controlCharacter, cursor)
      }
    }
  }

  /// The length of the escape at `cursor`.
  private func escape(_ cursor: UnsafeMutablePointer<UInt8>) throws(JSONError) -> Int {
    switch cursor[1] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return 2
    case UInt8(ascii: "u"):
      guard let unit = codeUnit(cursor + 2) else { throw stopped(.invalidEscape, cursor) }
      guard unit & 0xf800 == 0xd800 else { return 6 }
      guard unit < 0xdc00, cursor[6] == UInt8(ascii: "\\"), cursor[7] == UInt8(ascii: "u"),
        let low = codeUnit(cursor + 8), low & 0xfc00 == 0xdc00
      else { throw stopped(.loneSurrogate, cursor) }
      return 12
    default:
      throw stopped(.invalidEscape, cursor)
    }
  }

  private func codeUnit(_ cursor: UnsafeMutablePointer<UInt8>) -> UInt32? {
    var value: UInt32 = 0
    for index in 0..<4 {
      let digit = JSONEscapes.digit(cursor[index])
      guard digit < 16 else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  // MARK: Errors

  private func error(_ reason: JSONError.Reason, at offset: Int? = nil) -> JSONError {
    JSONError(reason, at: offset ?? position, in: UnsafeRawBufferPointer(start: base, count: count))
  }

  private func unexpected() -> JSONError { error(position >= count ? .unexpectedEnd : .unexpectedByte) }

  /// The end of the source shows as a zero byte, which is no fault of the string's.
  private func stopped(_ reason: JSONError.Reason, _ cursor: UnsafeMutablePointer<UInt8>) -> JSONError {
    let offset = cursor - base
    return offset >= count ? error(.unexpectedEnd, at: count) : error(reason, at: offset)
  }
}
