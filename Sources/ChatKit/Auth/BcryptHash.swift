import CCrypt
import Primitives

/// A bcrypt hash that was taken over from another system: `$2b$12$…`, or 2a or 2y. It is verified, and exchanged for an
/// Argon2id hash at the next login; none are made.
struct BcryptHash: Sendable {
  private static let length = 60
  /// Of the cost's logarithm: 15 takes two seconds, and a stored hash must not be able to take more.
  private static let costs = 4...15

  private let encoded: String

  /// Nil for what is none.
  init?(_ encoded: String) {
    let bytes = Array(encoded.utf8)
    guard bytes.count == Self.length, ["$2a$", "$2b$", "$2y$"].contains(where: { encoded.hasPrefix($0) }),
      bytes[6] == UInt8(ascii: "$"), let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self)),
      Self.costs.contains(cost)
    else { return nil }
    self.encoded = encoded
  }

  /// Whether it is the password's. bcrypt knows 72 bytes of it, and none after a zero; one with a zero has no such hash.
  /// Takes long: not on a loop. Throws `PasswordError` failed for want of memory.
  func verify(_ password: String) throws -> Bool {
    guard !password.utf8.contains(0) else { return false }
    // 32 KiB of scratch, too much for a stack.
    let size = MemoryLayout<crypt_data>.size
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: MemoryLayout<crypt_data>.alignment)
    defer { scratch.deallocate() }
    scratch.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    guard let result = crypt_rn(password, encoded, scratch, Int32(size)) else { throw PasswordError.failed }
    let computed = UnsafeRawBufferPointer(start: result, count: Self.length)
    return Array(encoded.utf8).withUnsafeBytes { ConstantTime.equal($0, computed) }
  }
}
