import ChatKit
import Networking
import Primitives
import Testing

@Suite("Passwords and refresh tokens")
struct AuthPasswordTests {
  /// Cheap enough for tests, and otherwise as the real one.
  private let hasher = PasswordHasher(cost: .init(memoryKiB: 64, passes: 1, lanes: 1), threads: 2)

  @Test("a password is verified by its own hash alone")
  func roundTrip() async throws {
    let hash = try await hasher.hash("correct horse")
    #expect(hash.hasPrefix("$argon2id$v=19$m=64,t=1,p=1$"))
    #expect(try await hasher.verify("correct horse", hash))
    #expect(try await !hasher.verify("correct horsf", hash))
    #expect(try await !hasher.verify("correct hors", hash))
    #expect(try await !hasher.verify("", hash))
    #expect(try await hasher.hash("correct horse") != hash)
    let odd = try await hasher.hash("é\u{0}\n😀")
    #expect(try await hasher.verify("é\u{0}\n😀", odd))
    #expect(try await !hasher.verify("é", odd))
    let empty = try await hasher.hash("")
    #expect(try await hasher.verify("", empty))
  }

  @Test(
    "the reference implementation's vectors",
    arguments: [
      "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
      "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    ])
  func vectors(_ hash: String) async throws {
    #expect(try await hasher.verify("password", hash))
    #expect(try await !hasher.verify("passwore", hash))
    #expect(hasher.needsRehash(hash))
  }

  @Test(
    "crypt(3)'s vectors of bcrypt, in the three spellings of its version",
    arguments: [
      ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
      ("correct horse battery", "$2a$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo."),
      ("correct horse battery", "$2b$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo."),
      ("correct horse battery", "$2y$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo."),
      (String(repeating: "x", count: 80), "$2b$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q"),
    ])
  func bcrypt(_ password: String, _ hash: String) async throws {
    #expect(try await hasher.verify(password, hash))
    #expect(try await !hasher.verify("y" + password, hash))
    #expect(try await !hasher.verify(password + "\u{0}", hash))
    #expect(try await !hasher.verify("", hash))
    #expect(hasher.needsRehash(hash))
  }

  @Test(
    "what only looks like bcrypt, or would take too long, is nobody's hash",
    arguments: [
      "$2x$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
      "$2b$16$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
      "$2b$03$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
      "$2b$5$$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo.",
      "$2b$05$abcdefghijklmnopqrstuuD3mHdCr44zlIZ.VZCaYRpfQhXMYnEo", "$2b$05$", "$1$abc$def", "",
    ])
  func noBcrypt(_ hash: String) async throws {
    #expect(try await !hasher.verify("correct horse battery", hash))
  }

  @Test("OWASP's cost is the default, and another cost asks for a new hash")
  func costs() async throws {
    let usual = PasswordHasher()
    let hash = try await usual.hash("x")
    #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
    #expect(!usual.needsRehash(hash))
    #expect(hasher.needsRehash(hash))
    #expect(try await hasher.verify("x", hash))
    #expect(!hasher.needsRehash(try await hasher.hash("x")))
    #expect(hasher.needsRehash("nonsense"))
  }

  @Test(
    "what is no hash of ours verifies nothing, and cannot take the machine's memory",
    arguments: [
      "", "x", "$argon2id$", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
      "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
      "$argon2id$v=19$m=256,t=4294967295,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
      "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$", "$argon2id$v=19$m=256,t=2,p=1$$nf65EOgLrQMR",
      "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
      "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy", "\u{0}",
    ])
  func notHashes(_ hash: String) async throws {
    #expect(try await !hasher.verify("password", hash))
    #expect(hasher.needsRehash(hash))
  }

  @Test("a password beyond all measure is refused before it costs anything")
  func longPasswords() async throws {
    let long = String(repeating: "x", count: 4097)
    await #expect(throws: PasswordError.self) { try await hasher.hash(long) }
    let hash = try await hasher.hash("x")
    #expect(try await !hasher.verify(long, hash))
  }

  @Test("a flood is refused when the queue is full, and those who wait are served")
  func flood() async throws {
    let narrow = PasswordHasher(cost: .init(memoryKiB: 4096, passes: 1, lanes: 1), threads: 1, queueLimit: 3)
    let outcomes = await withTaskGroup(of: Bool?.self) { group in
      for _ in 0..<60 {
        group.addTask {
          do {
            return try await narrow.hash("x").hasPrefix("$argon2id$")
          } catch { return (error as? NetworkError)?.code == .overloaded ? nil : false }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(!outcomes.contains(false))
    #expect(outcomes.contains(true))
    #expect(outcomes.contains(nil))
  }

  @Test("hashing leaves the loop alone, and comes back to it")
  func offLoop() async throws {
    let loop = EventLoop.spawn(name: "test")
    defer { loop.stop() }
    let hasher = PasswordHasher(cost: .init(memoryKiB: 32768, passes: 3, lanes: 1))
    let ticks = try await loop.submit {
      let work = loop.start { try? await hasher.hash("x") }
      // The loop goes on turning meanwhile.
      for _ in 0..<10 { try await loop.sleep(for: .microseconds(10)) }
      #expect(await work.value != nil)
      return loop.isCurrent
    }
    #expect(ticks)
  }

  @Test("refresh tokens are random, their hashes and successors are not")
  func refreshTokens() {
    let token = RefreshToken.make()
    #expect(token.utf8.count == 43)
    #expect(RefreshToken.make() != token)
    #expect(Hex.encode(RefreshToken.hash("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    let key = [UInt8](repeating: 1, count: 32)
    let successor = RefreshToken.successor(of: token, key: key)
    #expect(successor == RefreshToken.successor(of: token, key: key))
    #expect(successor.utf8.count == 43)
    #expect(successor != RefreshToken.successor(of: token, key: key.map { $0 + 1 }))
    #expect(successor != RefreshToken.successor(of: successor, key: key))
  }
}
