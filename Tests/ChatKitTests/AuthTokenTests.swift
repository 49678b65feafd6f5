import ChatKit
import JSON
import Primitives
import Testing

@Suite("Access tokens")
struct AuthTokenTests {
  private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
  private let claims = AccessClaims(
    user: UUID(high: 1, low: 2), session: UUID(high: 3, low: 4), workspace: UUID(high: 5, low: 6),
    username: "ann \"é\"",
    role: "admin", issuedAt: 1000, expiresAt: 2000)

  private func keys(policy: TokenPolicy = TokenPolicy()) throws -> SigningKeySet {
    try SigningKeySet(active: .hs256(id: "k1", secret: Self.secret), policy: policy)
  }

  private func expect(
    _ code: TokenError.Code, _ token: String, _ keys: SigningKeySet, at time: Int64 = 1500,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do throws(TokenError) {
      _ = try keys.verify(token, at: time)
      Issue.record("the token was accepted", sourceLocation: sourceLocation)
    } catch { #expect(error.code == code, sourceLocation: sourceLocation) }
  }

  /// A token with any header and payload, rightly signed.
  private func token(_ header: JSONLiteral, _ payload: JSONLiteral, _ key: SigningKey) throws -> String {
    let signed = Base64.url.encode(header.bytes) + "." + Base64.url.encode(payload.bytes)
    let signature = try Array(signed.utf8).withUnsafeBytes { try key.sign($0) }
    return signed + "." + Base64.url.encode(signature)
  }

  private func payload(_ changes: [String: JSONLiteral?] = [:]) -> JSONLiteral {
    var members: [String: JSONLiteral] = [
      "sub": .string("\(claims.user)"), "sid": .string("\(claims.session)"), "ws": .string("\(claims.workspace)"),
      "name": .string(claims.username), "role": "admin", "iat": 1000, "exp": 2000,
    ]
    for (key, value) in changes { members[key] = value }
    return .object(members.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: $0.value) })
  }

  // MARK: Known answers

  @Test("the HMAC vector of RFC 7515, A.1")
  func vectorHMAC() throws {
    let secret = try #require(
      Base64.url.decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"))
    let token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    let keys = try SigningKeySet(active: .hs256(id: "a1", secret: secret))
    let payload = try Array(token.utf8).withUnsafeBytes { try keys.authenticate($0) }
    #expect(payload["iss"]?.string == "joe")
    #expect(payload["exp"]?.int64 == 1_300_819_380)
    expect(.expired, token, keys, at: 1_300_819_390)
    // It lacks our claims, whatever its signature.
    expect(.malformed, token, keys, at: 1_300_819_000)
  }

  @Test("the RSA vector of RFC 7515, A.2, signed and verified")
  func vectorRSA() throws {
    let signed =
      "eyJhbGciOiJSUzI1NiJ9"
      + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    let signature =
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t"
      + "1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12j"
      + "zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ"
      + "Ge77Rw"
    let key = try SigningKey.rs256(id: "a2", pem: Array(AuthKeys.privateKey.utf8))
    let made = try Array(signed.utf8).withUnsafeBytes { try key.sign($0) }
    #expect(Base64.url.encode(made) == signature)
    let publicKey = try SigningKey.rs256(id: "public", pem: Array(AuthKeys.publicKey.utf8))
    #expect(key.canSign)
    #expect(!publicKey.canSign)
    let keys = try SigningKeySet(active: .hs256(id: "k1", secret: Self.secret), others: [publicKey])
    let payload = try Array("\(signed).\(signature)".utf8).withUnsafeBytes { try keys.authenticate($0) }
    #expect(payload["iss"]?.string == "joe")
    expect(.wrongSignature, "\(signed).\(signature.dropLast(3))AAw", keys)
    expect(.wrongSignature, "\(signed).", keys)
  }

  @Test("the public half is published as RFC 7517 has it, a secret never is")
  func publicKeys() throws {
    let key = try SigningKey.rs256(id: "a2", pem: Array(AuthKeys.privateKey.utf8))
    let keys = try SigningKeySet(active: key, others: [.hs256(id: "k1", secret: Self.secret)])
    let root = try JSONDocument(parsing: keys.publicKeys).root
    #expect(root["keys"]?.count == 1)
    let published = try #require(root["keys"]?[0])
    #expect(published["kty"]?.string == "RSA")
    #expect(published["kid"]?.string == "a2")
    #expect(published["alg"]?.string == "RS256")
    #expect(published["use"]?.string == "sig")
    #expect(published["e"]?.string == "AQAB")
    #expect(
      published["n"]?.string
        == "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ"
        + "S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2"
        + "R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcD"
        + "TW9gb54h4FRWyuXpoQ")
    #expect(published.count == 6)
    #expect(try keys.verify(keys.sign(claims), at: 1500) == claims)
  }

  // MARK: Verifying

  @Test("what is signed is verified, and says the same")
  func roundTrip() throws {
    let keys = try keys()
    let token = try keys.sign(claims)
    #expect(try keys.verify(token, at: 1500) == claims)
    #expect(token.split(separator: ".").count == 3)
    #expect(
      String(decoding: Base64.url.decode(token.prefix { $0 != "." }) ?? [], as: UTF8.self)
        == #"{"alg":"HS256","typ":"JWT","kid":"k1"}"#)
  }

  @Test("codes agree with another implementation for keys and texts of all lengths")
  func authenticationCodes() throws {
    for length in [32, 63, 64, 65, 100, 200] {
      let secret = (0..<length).map { UInt8($0) }
      let key = try SigningKey.hs256(id: "k", secret: secret)
      for count in [0, 1, 55, 56, 63, 64, 65, 300] {
        let text = [UInt8](repeating: 7, count: count)
        let code = try text.withUnsafeBytes { try key.sign($0) }
        #expect(code == SHA256.authenticationCode(of: text, key: secret))
        #expect(code.withUnsafeBytes { code in text.withUnsafeBytes { key.verify(code, of: $0) } })
      }
    }
  }

  @Test("changing any character refuses the token")
  func tampering() throws {
    let keys = try keys()
    let token = Array(try keys.sign(claims).utf8)
    for index in token.indices {
      var changed = token
      changed[index] = changed[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(throws: TokenError.self) { try keys.verify(String(decoding: changed, as: UTF8.self), at: 1500) }
    }
    for count in 0..<token.count {
      #expect(throws: TokenError.self) { try keys.verify(String(decoding: token[..<count], as: UTF8.self), at: 1500) }
    }
  }

  @Test("no header talks its way around the key: none, another algorithm, another key, something critical")
  func headers() throws {
    let secret = try SigningKey.hs256(id: "k1", secret: Self.secret)
    let rsa = try SigningKey.rs256(id: "r1", pem: Array(AuthKeys.privateKey.utf8))
    let keys = try SigningKeySet(active: secret, others: [rsa])
    #expect(try keys.verify(token(["kid": "k1", "alg": "HS256"], payload(), secret), at: 1500) == claims)
    #expect(try keys.verify(token(["alg": "RS256", "typ": "jwt"], payload(), rsa), at: 1500) == claims)
    expect(.wrongAlgorithm, try token(["alg": "none"], payload(), secret), keys)
    expect(.wrongAlgorithm, try token(["alg": "none", "kid": "k1"], payload(), secret), keys)
    expect(.wrongAlgorithm, try token(["alg": "hs256", "kid": "k1"], payload(), secret), keys)
    expect(.unknownKey, try token(["alg": "HS256", "kid": "k2"], payload(), secret), keys)
    expect(.wrongSignature, try token(["alg": "RS256", "kid": "r1"], payload(), secret), keys)
    expect(.malformed, try token(["alg": "HS256", "kid": "k1", "crit": ["exp"]], payload(), secret), keys)
    expect(.malformed, try token(["alg": "HS256", "kid": "k1", "typ": "refresh"], payload(), secret), keys)
    expect(.malformed, try token(["alg": "HS256", "kid": 1], payload(), secret), keys)
    expect(.malformed, try token(["kid": "k1"], payload(), secret), keys)
    expect(.malformed, try token(["HS256"], payload(), secret), keys)
    // The public key as an HMAC secret: the oldest trick. The name pins RS256.
    let confused = try SigningKey.hs256(id: "r1", secret: Array(AuthKeys.publicKey.utf8))
    expect(.wrongAlgorithm, try token(["alg": "HS256", "kid": "r1"], payload(), confused), keys)
    let unsigned = Base64.url.encode(Array(#"{"alg":"none"}"#.utf8)) + "." + Base64.url.encode(payload().bytes) + "."
    expect(.wrongAlgorithm, unsigned, keys)
  }

  @Test("times are checked, with the leeway on the bearer's side")
  func times() throws {
    let keys = try keys(policy: TokenPolicy(leeway: 10))
    let key = keys.active
    let header: JSONLiteral = ["alg": "HS256", "kid": "k1"]
    let token = try keys.sign(claims)
    #expect(try keys.verify(token, at: 2009) == claims)
    expect(.expired, token, keys, at: 2010)
    #expect(try keys.verify(token, at: 990) == claims)
    expect(.notYetValid, token, keys, at: 989)
    let later = try self.token(header, payload(["nbf": 1500]), key)
    #expect(try keys.verify(later, at: 1490) == claims)
    expect(.notYetValid, later, keys, at: 1489)
    expect(.malformed, try self.token(header, payload(["nbf": "soon"]), key), keys)
    expect(.malformed, try self.token(header, payload(["exp": "never"]), key), keys)
    expect(.malformed, try self.token(header, payload(["exp": .some(nil)]), key), keys)
    expect(.expired, try self.token(header, payload(["exp": .integer(.min)]), key), keys)
    expect(.notYetValid, try self.token(header, payload(["iat": .integer(.max)]), key), keys)
    let always = try self.token(header, payload(["exp": .integer(.max), "nbf": .integer(.min)]), key)
    #expect(try keys.verify(always, at: 1500).expiresAt == .max)
    // A fraction of a second is whole seconds to us.
    expect(.expired, try self.token(header, payload(["exp": 1400.5]), key), keys)
  }

  @Test("issuer and audience are written, and required")
  func issuerAndAudience() throws {
    let strict = try keys(policy: TokenPolicy(issuer: "chat.example", audience: "api"))
    let plain = try keys()
    let header: JSONLiteral = ["alg": "HS256", "kid": "k1"]
    let token = try strict.sign(claims)
    #expect(try strict.verify(token, at: 1500) == claims)
    expect(.wrongAudience, token, plain)
    expect(.wrongIssuer, try plain.sign(claims), strict)
    let ours: [String: JSONLiteral?] = ["iss": "chat.example", "aud": ["other", "api"]]
    #expect(try strict.verify(self.token(header, payload(ours), strict.active), at: 1500) == claims)
    for audience in ["other", ["other"], [], 1, nil] as [JSONLiteral] {
      let other = try self.token(header, payload(["iss": "chat.example", "aud": audience]), strict.active)
      expect(.wrongAudience, other, strict)
    }
  }

  @Test(
    "a claim that is missing or of another type refuses the token",
    arguments: ["sub", "sid", "ws", "name", "role", "iat"])
  func missingClaims(_ name: String) throws {
    let keys = try keys()
    let header: JSONLiteral = ["alg": "HS256", "kid": "k1"]
    expect(.malformed, try token(header, payload([name: .some(.bool(true))]), keys.active), keys)
    var members = payload()
    if case .object(let all) = members { members = .object(all.filter { $0.key != name }) }
    expect(.malformed, try token(header, members, keys.active), keys)
  }

  @Test("keys are replaced without an old token failing")
  func rotation() throws {
    let old = try SigningKey.hs256(id: "old", secret: Self.secret)
    let new = try SigningKey.hs256(id: "new", secret: Self.secret.reversed())
    let before = try SigningKeySet(active: old)
    let during = try SigningKeySet(active: new, others: [old])
    let after = try SigningKeySet(active: new)
    #expect(try during.verify(before.sign(claims), at: 1500) == claims)
    #expect(try after.verify(during.sign(claims), at: 1500) == claims)
    expect(.unknownKey, try before.sign(claims), after)
    expect(.unknownKey, try during.sign(claims), before)
  }

  @Test("what is no token is refused, of any shape and length")
  func malformed() throws {
    let keys = try keys()
    for token in [
      "", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "e30.e30.", ".e30.e30", "e30..e30", "é.e.e", "e30.e30.\u{0}",
    ] {
      #expect(throws: TokenError.self) { try keys.verify(token, at: 1500) }
    }
    let long = try keys.sign(
      AccessClaims(
        user: claims.user, session: claims.session, workspace: claims.workspace,
        username: String(repeating: "x", count: 4000), role: "user", issuedAt: 1000, expiresAt: 2000))
    expect(.malformed, long, keys)
    let header: JSONLiteral = ["alg": "HS256", "kid": "k1"]
    expect(.malformed, try token(header, [1, 2], keys.active), keys)
    expect(.malformed, try token(header, .string("x"), keys.active), keys)
  }

  @Test("keys that would be weak or cannot sign are refused")
  func unusableKeys() throws {
    func expectUnusable(_ body: () throws -> Void) {
      do {
        try body()
        Issue.record("the key was taken")
      } catch { #expect((error as? TokenError)?.code == .unusableKey) }
    }
    expectUnusable { _ = try SigningKey.hs256(id: "k", secret: [UInt8](repeating: 1, count: 31)) }
    expectUnusable { _ = try SigningKey.hs256(id: "", secret: Self.secret) }
    for pem in [
      AuthKeys.weakKey, AuthKeys.ellipticKey, AuthKeys.encryptedKey, "", "-----BEGIN PRIVATE KEY-----\nAAAA\n",
    ] {
      expectUnusable { _ = try SigningKey.rs256(id: "k", pem: Array(pem.utf8)) }
    }
    expectUnusable {
      _ = try SigningKeySet(active: .rs256(id: "public", pem: Array(AuthKeys.publicKey.utf8)))
    }
    expectUnusable {
      let key = try SigningKey.hs256(id: "k", secret: Self.secret)
      _ = try SigningKeySet(active: key, others: [key])
    }
  }

  @Test("many threads may sign and verify with the same keys")
  func threads() async throws {
    let rsa = try SigningKey.rs256(id: "r1", pem: Array(AuthKeys.privateKey.utf8))
    let keys = try SigningKeySet(active: .hs256(id: "k1", secret: Self.secret), others: [rsa])
    let rsaKeys = try SigningKeySet(active: rsa)
    let claims = claims
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<200 {
            let token = try keys.sign(claims)
            let verified = try keys.verify(token, at: 1500)
            #expect(verified == claims)
          }
          let token = try rsaKeys.sign(claims)
          let verified = try keys.verify(token, at: 1500)
          #expect(verified == claims)
        }
      }
      try await group.waitForAll()
    }
  }
}
