/// Base 64 of RFC 4648. Decoding is strict: no other characters, white space included, correct padding, and no bits set
/// that stand for nothing, so that one value has one spelling.
package struct Base64: Sendable {
  /// RFC 4648, 4: `+`, `/`, padded with `=`.
  package static let standard = Base64(plus: "+", slash: "/", isPadded: true)
  /// RFC 4648, 5: `-`, `_`, without padding, as JOSE has it. Decoding refuses padding.
  package static let url = Base64(plus: "-", slash: "_", isPadded: false)

  private let alphabet: [UInt8]
  /// The value of each byte, 0xff for those that are not of the alphabet.
  private let values: [UInt8]
  private let isPadded: Bool

  private init(plus: Unicode.Scalar, slash: Unicode.Scalar, isPadded: Bool) {
    var alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    alphabet += [UInt8(ascii: plus), UInt8(ascii: slash)]
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    self.alphabet = alphabet
    self.values = values
    self.isPadded = isPadded
  }

  /// Characters that `count` bytes become.
  package func encodedCount(_ count: Int) -> Int { isPadded ? (count + 2) / 3 * 4 : (count * 4 + 2) / 3 }

  /// Encodes into `out`, which has room for `encodedCount`; returns how many characters were written.
  @discardableResult
  package func encode(_ bytes: UnsafeRawBufferPointer, into out: UnsafeMutablePointer<UInt8>) -> Int {
    alphabet.withUnsafeBufferPointer { alphabet in
      var position = 0
      var index = 0
      while index + 3 <= bytes.count {
        let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
        out[position] = alphabet[Int(group >> 18)]
        out[position + 1] = alphabet[Int(group >> 12 & 63)]
        out[position + 2] = alphabet[Int(group >> 6 & 63)]
        out[position + 3] = alphabet[Int(group & 63)]
        index += 3
        position += 4
      }
      let rest = bytes.count - index
      if rest > 0 {
        let group = UInt32(bytes[index]) << 16 | (rest == 2 ? UInt32(bytes[index + 1]) << 8 : 0)
        out[position] = alphabet[Int(group >> 18)]
        out[position + 1] = alphabet[Int(group >> 12 & 63)]
        position += 2
        if rest == 2 {
          out[position] = alphabet[Int(group >> 6 & 63)]
          position += 1
        }
        while isPadded, position & 3 != 0 {
          out[position] = UInt8(ascii: "=")
          position += 1
        }
      }
      return position
    }
  }

  package func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    String(unsafeUninitializedCapacity: encodedCount(bytes.count)) { out in
      out.baseAddress.map { encode(bytes, into: $0) } ?? 0
    }
  }

  package func encode(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { encode($0) } }

  /// Bytes that this many characters may become at most.
  package func maximumDecodedCount(_ count: Int) -> Int { count / 4 * 3 + 2 }

  /// Decodes into `out`, which has room for `maximumDecodedCount`; nil when `text` is not exactly what encoding gives.
  package func decode(_ text: UnsafeRawBufferPointer, into out: UnsafeMutablePointer<UInt8>) -> Int? {
    var count = text.count
    if isPadded {
      guard count & 3 == 0 else { return nil }
      if count > 0, text[count - 1] == UInt8(ascii: "=") {
        count -= 1
        if text[count - 1] == UInt8(ascii: "=") { count -= 1 }
      }
    }
    guard count & 3 != 1 else { return nil }
    return values.withUnsafeBufferPointer { values in
      var position = 0
      var index = 0
      while index + 4 <= count {
        let a = values[Int(text[index])]
        let b = values[Int(text[index + 1])]
        let c = values[Int(text[index + 2])]
        let d = values[Int(text[index + 3])]
        guard (a | b | c | d) < 64 else { return nil }
        let group = UInt32(a) << 18 | UInt32(b) << 12 | UInt32(c) << 6 | UInt32(d)
        out[position] = UInt8(truncatingIfNeeded: group >> 16)
        out[position + 1] = UInt8(truncatingIfNeeded: group >> 8)
        out[position + 2] = UInt8(truncatingIfNeeded: group)
        index += 4
        position += 3
      }
      let rest = count - index
      guard rest > 0 else { return position }
      let a = values[Int(text[index])]
      let b = values[Int(text[index + 1])]
      let c = rest == 3 ? values[Int(text[index + 2])] : 0
      guard (a | b | c) < 64, rest == 3 ? c & 3 == 0 : b & 15 == 0 else { return nil }
      out[position] = a << 2 | b >> 4
      if rest == 3 { out[position + 1] = b << 4 | c >> 2 }
      return position + rest - 1
    }
  }

  package func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    var isValid = true
    let bytes = [UInt8](unsafeUninitializedCapacity: maximumDecodedCount(text.count)) { out, count in
      guard let decoded = out.baseAddress.flatMap({ decode(text, into: $0) }) else {
        isValid = false
        return
      }
      count = decoded
    }
    return isValid ? bytes : nil
  }

  package func decode(_ text: [UInt8]) -> [UInt8]? { text.withUnsafeBytes { decode($0) } }

  package func decode(_ text: some StringProtocol) -> [UInt8]? {
    var copy = String(text)
    return copy.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
  }
}
