import Glibc
import Primitives

/// Writes JSON into memory of its own, commas included. The order of the calls is the caller's duty: a key in an object before
/// each value, an end for each beginning.
///
///     var json = JSONWriter()
///     json.beginObject()
///     json.field("id", message.id)
///     json.endObject()
///     connection.write(json.bytes)
@usableFromInline
package struct JSONWriter: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Bytes written so far.
  package private(set) var count = 0
  private var needsComma = false

  package init(reserving capacity: Int = 256) {
    self.capacity = max(capacity, 64)
    base = JSONWriter.allocate(self.capacity)
  }

  deinit { free(base) }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    malloc(count)!.assumingMemoryBound(to: UInt8.self)
  }

  /// A copy of what has been written.
  package var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
      out.baseAddress!.update(from: base, count: count)
      initialized = count
    }
  }

  /// Calls `body` with what has been written, which is not copied.
  package func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// Begins anew and keeps the memory.
  package mutating func removeAll() {
    count = 0
    needsComma = false
  }

  // MARK: Structure

  @usableFromInline
  package mutating func beginObject() { open(UInt8(ascii: "{")) }
  @usableFromInline
  package mutating func endObject() { close(UInt8(ascii: "}")) }
  @usableFromInline
  package mutating func beginArray() { open(UInt8(ascii: "[")) }
  @usableFromInline
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  /// A key that needs no escapes.
  @usableFromInline
  package mutating func key(_ key: StaticString) {
    let count = key.utf8CodeUnitCount
    write(atMost: count + 4) { out in
      out.pointee = UInt8(ascii: "\"")
      (out + 1).update(from: key.utf8Start, count: count)
      out[count + 1] = UInt8(ascii: "\"")
      out[count + 2] = UInt8(ascii: ":")
      return count + 3
    }
    needsComma = false
  }

  @_disfavoredOverload
  package mutating func key(_ key: some StringProtocol) {
    string(key)
    put(UInt8(ascii: ":"))
    needsComma = false
  }

  /// A key from bytes that are known to be well-formed UTF-8.
  package mutating func key(utf8 key: UnsafeRawBufferPointer) {
    value(utf8: key)
    put(UInt8(ascii: ":"))
    needsComma = false
  }

  // MARK: Values (see also JSONWritable)

  @usableFromInline
  package mutating func null() { token("null") }

  mutating func bool(_ bool: Bool) { token(bool ? "true" : "false") }

  @inline(__always)
  mutating func integer(_ number: some FixedWidthInteger) {
    write(atMost: 21) { JSONWriter.decimal(number, at: $0) }
  }

  /// Whole numbers are written without a fraction, as JavaScript does; what is not finite is null.
  mutating func double(_ number: Double) {
    guard number.isFinite else { return null() }
    if number.magnitude < 9_007_199_254_740_992, number == number.rounded() { return integer(Int64(number)) }
    var text = number.description
    text.withUTF8 { raw(UnsafeRawBufferPointer($0)) }
  }

  @inline(__always)
  mutating func string(_ text: some StringProtocol) {
    let isWritten: Void? = text.utf8.withContiguousStorageIfAvailable { value(utf8: UnsafeRawBufferPointer($0)) }
    if isWritten == nil { [UInt8](text.utf8).withUnsafeBytes { value(utf8: $0) } }
  }

  mutating func id(_ id: UUID) {
    write(atMost: 39) { out in
      out[0] = UInt8(ascii: "\"")
      id.write(into: out + 1)
      out[37] = UInt8(ascii: "\"")
      return 38
    }
  }

  mutating func time(_ time: Timestamp) {
    write(atMost: 27) { out in
      out[0] = UInt8(ascii: "\"")
      time.write(into: out + 1)
      out[25] = UInt8(ascii: "\"")
      return 26
    }
  }

  /// A string from bytes that are known to be well-formed UTF-8.
  package mutating func value(utf8 text: UnsafeRawBufferPointer) {
    var plain = 0
    write(atMost: text.count + 3) { out in
      out[0] = UInt8(ascii: "\"")
      plain = JSONWriter.copyPlain(text, to: out + 1)
      // Overwritten when there is more to come.
      out[plain + 1] = UInt8(ascii: "\"")
      return plain + 2
    }
    if plain < text.count { escape(UnsafeRawBufferPointer(rebasing: text[plain...])) }
  }

  /// What is left of a string, which begins with a byte that must be escaped.
  @inline(never)
  private mutating func escape(_ text: UnsafeRawBufferPointer) {
    var rest = text
    count -= 1
    needsComma = false
    while let byte = rest.first {
      // Six bytes are the most that one can become.
      write(atMost: rest.count + 8) { out in
        let escaped = JSONWriter.escape(byte, at: out)
        rest = UnsafeRawBufferPointer(rebasing: rest[1...])
        let plain = JSONWriter.copyPlain(rest, to: out + escaped)
        rest = UnsafeRawBufferPointer(rebasing: rest[plain...])
        return escaped + plain
      }
      needsComma = false
    }
    put(UInt8(ascii: "\""))
    needsComma = true
  }

  /// A value that is JSON already.
  package mutating func raw(_ json: UnsafeRawBufferPointer) {
    write(atMost: json.count + 1) { out in
      if let base = json.baseAddress { UnsafeMutableRawPointer(out).copyMemory(from: base, byteCount: json.count) }
      return json.count
    }
  }

  package mutating func raw(_ json: [UInt8]) { json.withUnsafeBytes { raw($0) } }

  package mutating func raw(_ json: StaticString) { token(json) }

  // MARK: Bytes

  private mutating func open(_ bracket: UInt8) {
    write(atMost: 2) { out in
      out.pointee = bracket
      return 1
    }
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    put(bracket)
    needsComma = true
  }

  @inline(__always)
  private mutating func token(_ text: StaticString) {
    raw(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// One value: a comma if one is due, then what `body` puts at its pointer; it returns how much that was.
  @inline(__always)
  private mutating func write(atMost count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
    if capacity - self.count < count { grow(by: count) }
    if needsComma {
      base[self.count] = UInt8(ascii: ",")
      self.count += 1
    }
    self.count += body(base + self.count)
    needsComma = true
  }

  private mutating func put(_ byte: UInt8) {
    if capacity == count { grow(by: 1) }
    base[count] = byte
    count += 1
  }

  @inline(never)
  private mutating func grow(by count: Int) {
    capacity = max(capacity * 2, self.count + count)
    base = realloc(base, capacity)!.assumingMemoryBound(to: UInt8.self)
  }

  /// Copies up to the first byte that must be escaped and returns how many that were. Writes nothing beyond
  /// `text.count` bytes.
  @inline(__always)
  private static func copyPlain(_ text: UnsafeRawBufferPointer, to out: UnsafeMutablePointer<UInt8>) -> Int {
    var index = 0
    let raw = UnsafeMutableRawPointer(out)
    while index + 8 <= text.count {
      let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      raw.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
      let marks = JSONBytes.escaped(word.littleEndian)
      if marks != 0 { return index + marks.trailingZeroBitCount >> 3 }
      index += 8
    }
    while index < text.count {
      let byte = text[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      out[index] = byte
      index += 1
    }
    return index
  }

  private static func escape(_ byte: UInt8, at out: UnsafeMutablePointer<UInt8>) -> Int {
    out[0] = UInt8(ascii: "\\")
    let digits: StaticString = "0123456789abcdef"
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): out[1] = byte
    case 0x0a: out[1] = UInt8(ascii: "n")
    case 0x0d: out[1] = UInt8(ascii: "r")
    case 0x09: out[1] = UInt8(ascii: "t")
    case 0x08: out[1] = UInt8(ascii: "b")
    case 0x0c: out[1] = UInt8(ascii: "f")
    default:
      out[1] = UInt8(ascii: "u")
      out[2] = 0x30
      out[3] = 0x30
      out[4] = digits.utf8Start[Int(byte >> 4)]
      out[5] = digits.utf8Start[Int(byte & 15)]
      return 6
    }
    return 2
  }

  /// Writes decimal digits and returns how many bytes they took.
  @inline(__always)
  private static func decimal(_ number: some FixedWidthInteger, at out: UnsafeMutablePointer<UInt8>) -> Int {
    var rest = UInt64(number.magnitude)
    let sign = number < 0 ? 1 : 0
    var digits = 1
    var bound: UInt64 = 10
    while rest >= bound {
      digits += 1
      guard digits < 20 else { break }
      bound *= 10
    }
    if sign == 1 { out[0] = UInt8(ascii: "-") }
    var index = sign + digits - 1
    while index >= sign {
      out[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
      rest /= 10
      index -= 1
    }
    return sign + digits
  }
}
