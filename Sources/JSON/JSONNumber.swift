import Glibc

/// A number in the source whose grammar has been checked.
struct JSONNumber {
  private let start: UnsafePointer<UInt8>
  private let end: UnsafePointer<UInt8>
  /// Without fraction and exponent.
  private let isInteger: Bool

  init(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, isInteger: Bool) {
    self.start = start
    self.end = end
    self.isInteger = isInteger
  }

  var int64: Int64? {
    guard isInteger else {
      // Beyond 2^53 a Double no longer says which whole number was meant.
      guard let value = double, value.magnitude <= 9_007_199_254_740_992, value == value.rounded() else { return nil }
      return Int64(value)
    }
    let isNegative = start.pointee == UInt8(ascii: "-")
    var cursor = isNegative ? start + 1 : start
    // 18 digits cannot overflow.
    if end - cursor <= 18 {
      var value: Int64 = 0
      while cursor < end {
        value = value &* 10 &+ Int64(cursor.pointee &- 0x30)
        cursor += 1
      }
      return isNegative ? 0 &- value : value
    }
    var value: Int64 = 0
    while cursor < end {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let digit = Int64(cursor.pointee - 0x30)
      let (sum, overflow2) =
        isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      if overflow || overflow2 { return nil }
      value = sum
      cursor += 1
    }
    return value
  }

  var double: Double? {
    if isInteger, end - start <= 15, let value = int64 {
      return value == 0 && start.pointee == UInt8(ascii: "-") ? -0.0 : Double(value)
    }
    // What follows a number in the source is never part of one, so strtod stops where we did. The process never leaves
    // the C locale.
    let value = UnsafeRawPointer(start).withMemoryRebound(to: CChar.self, capacity: end - start) { strtod($0, nil) }
    return value.isFinite ? value : nil
  }
}
