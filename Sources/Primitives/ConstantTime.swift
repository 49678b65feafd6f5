/// Comparison of secrets that takes the same time wherever they differ.
package enum ConstantTime {
  /// True when both have the same bytes. That their counts differ is not kept secret.
  @inline(never)
  package static func equal(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<a.count { difference |= a[index] ^ b[index] }
    return difference == 0
  }

  package static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.withUnsafeBytes { a in b.withUnsafeBytes { b in equal(a, b) } }
  }

  package static func equal(_ a: some StringProtocol, _ b: some StringProtocol) -> Bool {
    equal([UInt8](a.utf8), [UInt8](b.utf8))
  }
}
