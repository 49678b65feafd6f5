import CLinux
import Glibc

/// Writes commands as RESP arrays of bulk strings into one growing buffer that is used again and again.
package final class CommandEncoder {
  // Confined to a loop; checked accesses would cost more than the bytes.
  @exclusivity(unchecked) private(set) var base: UnsafeMutableRawPointer
  @exclusivity(unchecked) private(set) var count = 0
  @exclusivity(unchecked) private var capacity: Int

  init(capacity: Int = 1024) {
    self.capacity = capacity
    base = malloc(capacity)!
  }

  deinit { free(base) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Empties the buffer; what one huge command made it grow to is given back.
  func clear() {
    count = 0
    if capacity > 1 << 20 {
      capacity = 1024
      base = realloc(base, capacity)!
    }
  }

  @inline(__always)
  private func reserve(_ more: Int) {
    if capacity - count < more { grow(more) }
  }

  @inline(never)
  private func grow(_ more: Int) {
    while capacity - count < more { capacity *= 2 }
    base = realloc(base, capacity)!
  }

  /// The head of a command that has `arguments` parts, its name included.
  func begin(arguments: Int) { head(UInt8(ascii: "*"), arguments) }

  @inline(__always)
  private func head(_ kind: UInt8, _ number: Int) {
    reserve(24)
    base.storeBytes(of: kind, toByteOffset: count, as: UInt8.self)
    count += 1
    decimal(UInt64(number))
    lineEnd()
  }

  @inline(__always)
  private func lineEnd() {
    base.storeBytes(of: 0x0a0d, toByteOffset: count, as: UInt16.self)
    count += 2
  }

  @inline(__always)
  private func decimal(_ value: UInt64) {
    var digits = 1
    var limit: UInt64 = 10
    while digits < 20, value >= limit {
      digits += 1
      let (next, overflow) = limit.multipliedReportingOverflow(by: 10)
      if overflow { break }
      limit = next
    }
    var rest = value
    var position = count + digits
    repeat {
      position -= 1
      base.storeBytes(of: UInt8(truncatingIfNeeded: 0x30 + rest % 10), toByteOffset: position, as: UInt8.self)
      rest /= 10
    } while rest > 0
    count += digits
  }

  /// One argument.
  package func bulk(_ bytes: UnsafeRawBufferPointer) {
    head(UInt8(ascii: "$"), bytes.count)
    reserve(bytes.count + 2)
    if let source = bytes.baseAddress { memcpy(base + count, source, bytes.count) }
    count += bytes.count
    lineEnd()
  }

  package func bulk(_ text: String) {
    var text = text
    text.withUTF8 { bulk(UnsafeRawBufferPointer($0)) }
  }

  package func bulk(_ text: StaticString) {
    bulk(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  package func bulk(_ value: Int64) {
    var digits = 1
    var rest = value.magnitude
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    head(UInt8(ascii: "$"), value < 0 ? digits + 1 : digits)
    reserve(24)
    if value < 0 {
      base.storeBytes(of: UInt8(ascii: "-"), toByteOffset: count, as: UInt8.self)
      count += 1
    }
    decimal(value.magnitude)
    lineEnd()
  }

  /// Bytes that are commands already.
  func append(_ bytes: UnsafeRawBufferPointer) {
    reserve(bytes.count)
    if let source = bytes.baseAddress { memcpy(base + count, source, bytes.count) }
    count += bytes.count
  }
}
