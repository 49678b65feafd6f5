import Primitives
import Testing

@Suite("Encodings and secrets")
struct EncodingTests {
  @Test(
    "the vectors of RFC 4648, 10",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ])
  func vectors(_ plain: String, _ encoded: String) {
    #expect(Base64.standard.encode(Array(plain.utf8)) == encoded)
    #expect(Base64.standard.decode(encoded) == Array(plain.utf8))
    let unpadded = String(encoded.prefix { $0 != "=" })
    #expect(Base64.url.encode(Array(plain.utf8)) == unpadded)
    #expect(Base64.url.decode(unpadded) == Array(plain.utf8))
  }

  @Test("bytes of every value and length come back")
  func roundTrips() {
    for count in 0..<70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ count) }
      for encoding in [Base64.standard, .url] {
        let text = encoding.encode(bytes)
        #expect(text.utf8.count == encoding.encodedCount(count))
        #expect(encoding.decode(text) == bytes)
      }
      #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }
    #expect(Base64.standard.encode([0xfb, 0xff]) == "+/8=")
    #expect(Base64.url.encode([0xfb, 0xff]) == "-_8")
  }

  @Test(
    "only one spelling is taken",
    arguments: [
      "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "Zg==Zg==", " Zg==", "Zg==\n", "Z===", "====", "Zm-v", "Zm_v",
      "é===",
    ])
  func strict(_ text: String) {
    #expect(Base64.standard.decode(text) == nil)
  }

  @Test(
    "the url alphabet takes neither padding nor the other alphabet",
    arguments: ["Zg==", "Zm8=", "Zm+v", "Zm/v", "Z", "Zh", "Zm9"])
  func strictURL(_ text: String) {
    #expect(Base64.url.decode(text) == nil)
  }

  @Test("hexadecimal")
  func hex() {
    #expect(Hex.encode([0, 0x0f, 0xa5, 0xff]) == "000fa5ff")
    #expect(Hex.decode("000FA5ff") == [0, 0x0f, 0xa5, 0xff])
    for text in ["0", "0g", "000", " 00", "0x00"] { #expect(Hex.decode(text) == nil) }
  }

  @Test("random bytes are as many as asked for, and other ones each time")
  func random() {
    #expect(SecureRandom.bytes(0).isEmpty)
    #expect(SecureRandom.bytes(1000).count == 1000)
    #expect(SecureRandom.bytes(32) != SecureRandom.bytes(32))
    #expect(SecureRandom.token().utf8.count == 20)
    #expect(SecureRandom.token(bytes: 32).utf8.count == 43)
    #expect(Set((0..<1000).map { _ in SecureRandom.token() }).count == 1000)
  }

  @Test("comparison in constant time is comparison")
  func constantTime() {
    #expect(ConstantTime.equal([], []))
    #expect(ConstantTime.equal([1, 2, 3], [1, 2, 3]))
    #expect(!ConstantTime.equal([1, 2, 3], [1, 2, 4]))
    #expect(!ConstantTime.equal([0, 2, 3], [1, 2, 3]))
    #expect(!ConstantTime.equal([1, 2, 3], [1, 2]))
    #expect(ConstantTime.equal("secret", "secret"))
  }
}

@Suite("UTF-8")
struct UTF8BytesTests {
  @Test("agrees with the standard library about every sequence of two bytes, and of many of three and four")
  func agreement() {
    func check(_ bytes: [UInt8]) {
      let isValid = String(validating: bytes, as: UTF8.self) != nil
      for padding in [0, 5, 8] {
        let padded = [UInt8](repeating: 0x61, count: padding) + bytes
        #expect(padded.withUnsafeBytes { UTF8Bytes.areValid($0) } == isValid)
      }
    }
    check([])
    let edges: [UInt8] = [
      0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4,
      0xf5, 0xff,
    ]
    for first in edges {
      check([first])
      for second in edges {
        check([first, second])
        for third in edges {
          check([first, second, third])
          for fourth in [0x61, 0x80, 0xbf, 0xc2] as [UInt8] { check([first, second, third, fourth]) }
        }
      }
    }
  }
}
