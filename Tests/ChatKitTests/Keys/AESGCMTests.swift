import Primitives
import Testing

@testable import ChatKit

/// Known answers, and what an attacker may try: everything but the exact ciphertext must be refused.
@Suite("AES-256-GCM")
struct AESGCMTests {
  struct Vector: Sendable, CustomTestStringConvertible {
    var name: String
    var key: String
    var iv: String
    var plaintext = ""
    var associated = ""
    var ciphertext = ""
    var tag: String

    var testDescription: String { name }
    func bytes(_ path: KeyPath<Vector, String>) -> [UInt8] { Hex.decode(self[keyPath: path]) ?? [] }
  }

  private static let zeros = String(repeating: "0", count: 64)
  private static let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
  private static let text =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657"
    + "ba637b39"

  /// Cases 13 to 16 of "The Galois/Counter Mode of Operation" (McGrew, Viega), which NIST published with the mode.
  static let vectors = [
    Vector(
      name: "13: nothing at all", key: zeros, iv: "000000000000000000000000", tag: "530f8afbc74536b9a963b4f1c4cb738b"),
    Vector(
      name: "14: one block", key: zeros, iv: "000000000000000000000000",
      plaintext: "00000000000000000000000000000000", ciphertext: "cea7403d4d606b6e074ec5d3baf39d18",
      tag: "d0d1c8a799996bf0265b98b5d48ab919"),
    Vector(
      name: "15: four blocks", key: key, iv: "cafebabefacedbaddecaf888", plaintext: text + "1aafd255",
      ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
        + "c5f61e6393ba7a0abcc9f662898015ad", tag: "b094dac5d93471bdec1a502270e3cc6c"),
    Vector(
      name: "16: with associated data", key: key, iv: "cafebabefacedbaddecaf888", plaintext: text,
      associated: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
        + "c5f61e6393ba7a0abcc9f662", tag: "76fc6ece0f4e1768cddf8853bb2d551b"),
  ]

  @Test("gives the known answers, both ways", arguments: vectors)
  func knownAnswers(vector: Vector) throws {
    let sealed = try AESGCM.seal(
      vector.bytes(\.plaintext), key: vector.bytes(\.key), iv: vector.bytes(\.iv),
      associated: vector.bytes(\.associated))
    #expect(Hex.encode(sealed.ciphertext) == vector.ciphertext)
    #expect(Hex.encode(sealed.tag) == vector.tag)
    let opened = AESGCM.open(
      sealed, key: vector.bytes(\.key), iv: vector.bytes(\.iv), associated: vector.bytes(\.associated))
    #expect(opened == vector.bytes(\.plaintext))
  }

  @Test("refuses whatever differs in a single bit", arguments: vectors)
  func tampering(vector: Vector) throws {
    let (key, iv, associated) = (vector.bytes(\.key), vector.bytes(\.iv), vector.bytes(\.associated))
    let sealed = AESGCM.Sealed(ciphertext: vector.bytes(\.ciphertext), tag: vector.bytes(\.tag))
    func flips(_ bytes: [UInt8]) -> [[UInt8]] {
      (0..<bytes.count * 8).map { bit in
        var copy = bytes
        copy[bit / 8] ^= 1 << UInt8(bit % 8)
        return copy
      }
    }
    func refuses(_ sealed: AESGCM.Sealed, key: [UInt8], iv: [UInt8], associated: [UInt8]) -> Bool {
      AESGCM.open(sealed, key: key, iv: iv, associated: associated) == nil
    }
    for tag in flips(sealed.tag) {
      #expect(refuses(.init(ciphertext: sealed.ciphertext, tag: tag), key: key, iv: iv, associated: associated))
    }
    for text in flips(sealed.ciphertext) {
      #expect(refuses(.init(ciphertext: text, tag: sealed.tag), key: key, iv: iv, associated: associated))
    }
    for other in flips(iv) { #expect(refuses(sealed, key: key, iv: other, associated: associated)) }
    for other in flips(key) { #expect(refuses(sealed, key: other, iv: iv, associated: associated)) }
    for other in flips(associated) { #expect(refuses(sealed, key: key, iv: iv, associated: other)) }
    // More, less, and what a tag must not be taken for.
    #expect(refuses(sealed, key: key, iv: iv, associated: associated + [0]))
    #expect(
      refuses(.init(ciphertext: sealed.ciphertext + [0], tag: sealed.tag), key: key, iv: iv, associated: associated))
    for tag in [
      [], Array(sealed.tag.dropLast()), sealed.tag + [0], Array(sealed.tag.prefix(4)),
      [UInt8](repeating: 0, count: 16), [UInt8](repeating: 0xff, count: 16), sealed.tag.map { ~$0 },
    ] {
      #expect(refuses(.init(ciphertext: sealed.ciphertext, tag: tag), key: key, iv: iv, associated: associated))
    }
  }

  @Test("refuses keys and vectors of other lengths")
  func lengths() throws {
    let (key, iv) = ([UInt8](repeating: 1, count: 32), [UInt8](repeating: 2, count: 12))
    for (key, iv) in [
      (Array(key.prefix(16)), iv), (key + [0], iv), ([], iv), (key, []), (key, Array(iv.prefix(8))), (key, iv + [0]),
      (key, [UInt8](repeating: 2, count: 16)),
    ] {
      #expect(throws: AESGCM.Failure.self) { try AESGCM.seal([1], key: key, iv: iv, associated: []) }
      #expect(AESGCM.open(.init(ciphertext: [1], tag: iv), key: key, iv: iv, associated: []) == nil)
    }
    // And takes any text.
    for count in [0, 1, 15, 16, 17, 16_384, 1 << 20] {
      let text = SecureRandom.bytes(count)
      let sealed = try AESGCM.seal(text, key: key, iv: iv, associated: [3])
      #expect(sealed.ciphertext.count == count && sealed.tag.count == 16)
      #expect(AESGCM.open(sealed, key: key, iv: iv, associated: [3]) == text)
    }
  }

  @Test("keys are derived as RFC 5869 has it")
  func derivation() {
    func hex(_ text: String) -> [UInt8] { Hex.decode(text) ?? [] }
    let secret = [UInt8](repeating: 0x0b, count: 22)
    #expect(
      Hex.encode(
        KeyDerivation.key(
          from: secret, salt: hex("000102030405060708090a0b0c"), purpose: hex("f0f1f2f3f4f5f6f7f8f9"), count: 42))
        == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    #expect(
      Hex.encode(KeyDerivation.key(from: secret, purpose: [], count: 42))
        == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
  }

  @Test("a master key is read in any of its forms, and wraps keys to their version")
  func masterKey() throws {
    let bytes = SecureRandom.bytes(32)
    let master = try MasterKey(file: bytes, source: "f")
    let forms: [[UInt8]] = [
      Array(Hex.encode(bytes).utf8), Array("\(Hex.encode(bytes))\n".utf8), Array(Base64.standard.encode(bytes).utf8),
      Array("\(Base64.url.encode(bytes))\r\n".utf8),
    ]
    for form in forms { #expect(try MasterKey(file: form, source: "f").fingerprint == master.fingerprint) }
    for wrong in [[], Array(bytes.prefix(16)), bytes + bytes, Array("secret".utf8)] {
      #expect(throws: KeyError.self) { try MasterKey(file: wrong, source: "f") }
    }
    let key = SecureRandom.bytes(32)
    let wrapped = try master.wrap(key, version: 7)
    #expect(master.unwrap(wrapped, version: 7) == key)
    #expect(master.unwrap(wrapped, version: 8) == nil)
    #expect(MasterKey.random().unwrap(wrapped, version: 7) == nil)
    #expect(master.unwrap(Array(wrapped.dropLast()), version: 7) == nil)
    #expect(try master.wrap(key, version: 7) != wrapped)
  }
}
