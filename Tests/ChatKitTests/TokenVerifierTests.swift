import ChatKit
import Primitives
import Testing

@Suite("Remembered access tokens")
struct TokenVerifierTests {
  private let keys: SigningKeySet
  private let verifier: TokenVerifier

  init() throws {
    keys = try SigningKeySet(active: .hs256(id: "k1", secret: Array("0123456789abcdef0123456789abcdef".utf8)))
    verifier = TokenVerifier(keys, capacity: 4)
  }

  private func claims(_ number: UInt64, expiresAt: Int64 = 2000) -> AccessClaims {
    AccessClaims(
      user: UUID(high: 1, low: number), session: UUID(high: 3, low: 4), workspace: UUID(high: 5, low: 6),
      username: "ann", role: "user", issuedAt: 1000, expiresAt: expiresAt)
  }

  private func verify(_ token: some Sequence<UInt8>, at time: Int64) throws -> AccessClaims {
    try Array(token).withUnsafeBytes { try verifier.verify(utf8: $0, at: time) }
  }

  @Test("the second time, a token is not verified again")
  func remembered() throws {
    let token = try keys.sign(claims(1))
    #expect(try verify(token.utf8, at: 1500) == claims(1))
    #expect(verifier.hits == 0)
    #expect(try verify(token.utf8, at: 1501) == claims(1))
    #expect(verifier.hits == 1)
  }

  @Test("a remembered token ends when it expires")
  func expires() throws {
    let token = try keys.sign(claims(1))
    #expect(try verify(token.utf8, at: 1999) == claims(1))
    // The key set's own leeway is over too.
    #expect(throws: TokenError.self) { try verify(token.utf8, at: 3000) }
    #expect(verifier.hits == 0)
  }

  @Test("a token that differs in one byte, anywhere, is refused")
  func tampered() throws {
    let token = Array(try keys.sign(claims(1)).utf8)
    _ = try verify(token, at: 1500)
    // Not the last: of its bits base64url leaves some unused.
    for index in token.indices.dropLast() {
      var other = token
      other[index] = other[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(throws: TokenError.self) { try verify(other, at: 1500) }
    }
    #expect(throws: TokenError.self) { try verify(token.dropLast(), at: 1500) }
    #expect(throws: TokenError.self) { try verify(token + [UInt8(ascii: "A")], at: 1500) }
  }

  @Test("a clock that is set back asks again")
  func clock() throws {
    let token = try keys.sign(claims(1))
    _ = try verify(token.utf8, at: 1500)
    _ = try verify(token.utf8, at: 1400)
    #expect(verifier.hits == 0)
  }

  @Test("more tokens than there are places: each has its own claims")
  func crowded() throws {
    let tokens = try (0..<32).map { try keys.sign(claims($0)) }
    for _ in 0..<3 {
      for (number, token) in tokens.enumerated() {
        #expect(try verify(token.utf8, at: 1500) == claims(UInt64(number)))
      }
    }
  }
}
