import Primitives

/// Writes JSON into one array, commas included. The order of the calls is the caller's duty: a key in an object before
/// each value, an end for each beginning.
///
///     var json = JSONWriter()
///     json.beginObject()
///     json.field("id", message.id)
///     json.endObject()
///     connection.write(json.bytes)
package struct JSONWriter: Sendable {
  /// Longer than what is written: `position` tells how far. Bytes behind it are of no account.
  private var storage: [UInt8]
  private var position = 0
  private var needsComma = false

  package init(reserving capacity: Int = 256) { storage = JSONWriter.room(max(capacity, 64)) }

  private static func room(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { _, initialized in initialized = count }
  }

  /// What has been written. Not a copy, unless writing goes on while the array is held.
  package var bytes: [UInt8] {
    mutating get {
      if storage.count > position { storage.removeLast(storage.count - position) }
      return storage
    }
  }

  /// Bytes written so far.
  package var count: Int { position }

  /// Calls `body` with what has been written.
  package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try storage.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[0..<position])) }
  }

  /// Begins anew and keeps the memory.
  package mutating func removeAll() {
    position = 0
    needsComma = false
  }

  // MARK: Structure

  package mutating func beginObject() { open(UInt8(ascii: "{")) }
  package mutating func endObject() { close(UInt8(ascii: "}")) }
  package mutating func beginArray() { open(UInt8(ascii: "[")) }
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  /// A key that needs no escapes.
  package mutating func key(_ key: StaticString) {
    let count = key.utf8CodeUnitCount
    let comma = needsComma
    needsComma = false
    reserve(count + 4)
    position += storage.withUnsafeMutableBufferPointer { [position] in
      var out = $0.baseAddress! + position
      let start = out
      if comma {
        out.pointee = UInt8(ascii: ",")
        out += 1
      }
      out.pointee = UInt8(ascii: "\"")
      (out + 1).update(from: key.utf8Start, count: count)
      out += count + 1
      out[0] = UInt8(ascii: "\"")
      out[1] = UInt8(ascii: ":")
      return out + 2 - start
    }
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

  package mutating func null() { token("null") }

  mutating func bool(_ bool: Bool) { token(bool ? "true" : "false") }

  @inline(__always)
  mutating func integer(_ number: some FixedWidthInteger) {
    separate()
    reserve(20)
    position += storage.withUnsafeMutableBufferPointer { [position] in
      JSONWriter.decimal(number, at: $0.baseAddress! + position)
    }
  }

  /// Whole numbers are written without a fraction, as JavaScript does; what is not finite is null.
  mutating func double(_ number: Double) {
    guard number.isFinite else { return null() }
    if number.magnitude < 9_007_199_254_740_992, number == number.rounded() { return integer(Int64(number)) }
    separate()
    var text = number.description
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  @inline(__always)
  mutating func string(_ text: some StringProtocol) {
    let isWritten: Void? = text.utf8.withContiguousStorageIfAvailable { value(utf8: UnsafeRawBufferPointer($0)) }
    if isWritten == nil { [UInt8](text.utf8).withUnsafeBytes { value(utf8: $0) } }
  }

  mutating func id(_ id: UUID) {
    separate()
    reserve(38)
    storage.withUnsafeMutableBufferPointer { [position] in
      let out = $0.baseAddress! + position
      out[0] = UInt8(ascii: "\"")
      id.write(into: out + 1)
      out[37] = UInt8(ascii: "\"")
    }
    position += 38
  }

  mutating func time(_ time: Timestamp) {
    separate()
    reserve(26)
    storage.withUnsafeMutableBufferPointer { [position] in
      let out = $0.baseAddress! + position
      out[0] = UInt8(ascii: "\"")
      time.write(into: out + 1)
      out[25] = UInt8(ascii: "\"")
    }
    position += 26
  }

  /// A string from bytes that are known to be well-formed UTF-8.
  package mutating func value(utf8 text: UnsafeRawBufferPointer) {
    separate()
    reserve(text.count + 2)
    put(UInt8(ascii: "\""))
    var rest = text
    while true {
      let plain = JSONWriter.plainPrefix(rest)
      append(UnsafeRawBufferPointer(rebasing: rest[0..<plain]))
      guard plain < rest.count else { break }
      escape(rest[plain])
      rest = UnsafeRawBufferPointer(rebasing: rest[(plain + 1)...])
    }
    put(UInt8(ascii: "\""))
  }

  /// A value that is JSON already.
  package mutating func raw(_ json: UnsafeRawBufferPointer) {
    separate()
    append(json)
  }

  package mutating func raw(_ json: [UInt8]) { json.withUnsafeBytes { raw($0) } }

  package mutating func raw(_ json: StaticString) { token(json) }

  // MARK: Bytes

  private mutating func open(_ bracket: UInt8) {
    separate()
    put(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    put(bracket)
    needsComma = true
  }

  @inline(__always)
  private mutating func separate() {
    if needsComma { put(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func token(_ text: StaticString) {
    separate()
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  @inline(__always)
  private mutating func put(_ byte: UInt8) {
    reserve(1)
    storage[position] = byte
    position += 1
  }

  @inline(__always)
  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    reserve(bytes.count)
    storage.withUnsafeMutableBytes { [position] in
      ($0.baseAddress! + position).copyMemory(from: base, byteCount: bytes.count)
    }
    position += bytes.count
  }

  @inline(__always)
  private mutating func reserve(_ count: Int) {
    if storage.count - position < count { grow(by: count) }
  }

  @inline(never)
  private mutating func grow(by count: Int) {
    var larger = JSONWriter.room(max(storage.count * 2, position + count, 64))
    larger.withUnsafeMutableBytes { new in
      storage.withUnsafeBytes { old in new.copyMemory(from: UnsafeRawBufferPointer(rebasing: old[0..<position])) }
    }
    storage = larger
  }

  private mutating func escape(_ byte: UInt8) {
    let short: UInt8? =
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
      case 0x0a: UInt8(ascii: "n")
      case 0x0d: UInt8(ascii: "r")
      case 0x09: UInt8(ascii: "t")
      case 0x08: UInt8(ascii: "b")
      case 0x0c: UInt8(ascii: "f")
      default: nil
      }
    put(UInt8(ascii: "\\"))
    if let short { return put(short) }
    let digits: StaticString = "0123456789abcdef"
    for next in [UInt8(ascii: "u"), 0x30, 0x30, digits.utf8Start[Int(byte >> 4)], digits.utf8Start[Int(byte & 15)]] {
      put(next)
    }
  }

  /// How many bytes go before the first that must be escaped.
  @inline(__always)
  private static func plainPrefix(_ text: UnsafeRawBufferPointer) -> Int {
    var index = 0
    while index + 8 <= text.count {
      let marks = JSONBytes.escaped(text.loadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian)
      if marks != 0 { return index + marks.trailingZeroBitCount >> 3 }
      index += 8
    }
    while index < text.count {
      let byte = text[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      index += 1
    }
    return index
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
