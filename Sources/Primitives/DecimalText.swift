/// Decimal numbers in text, without the rounding of a Double.
enum DecimalText {
  /// `digits` (such as `1.5` or `20`) times `factor`; nil unless that is a whole number that fits in an Int.
  static func scaled(_ digits: [UInt8], by factor: Int) -> Int? {
    let parts = digits.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, !whole.isEmpty, whole.count <= 18 else { return nil }
    var result = 0
    for digit in whole {
      guard let value = value(of: digit) else { return nil }
      result = result * 10 + value
    }
    let product = result.multipliedReportingOverflow(by: factor)
    guard !product.overflow else { return nil }
    guard parts.count == 2 else { return product.partialValue }
    // A fraction: each digit is worth a tenth of what stands before it, so the factor must go on dividing.
    guard !parts[1].isEmpty, parts[1].count <= 18 else { return nil }
    var numerator = 0
    var denominator = 1
    for digit in parts[1] {
      guard let value = value(of: digit) else { return nil }
      numerator = numerator * 10 + value
      denominator *= 10
    }
    let high = numerator.multipliedFullWidth(by: factor)
    let (quotient, remainder) = denominator.dividingFullWidth(high)
    guard remainder == 0 else { return nil }
    let sum = product.partialValue.addingReportingOverflow(quotient)
    return sum.overflow ? nil : sum.partialValue
  }

  private static func value(of digit: UInt8) -> Int? {
    (0x30...0x39).contains(digit) ? Int(digit - 0x30) : nil
  }
}
