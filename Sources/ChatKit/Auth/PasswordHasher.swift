import CArgon2
package import Networking
import Primitives

/// Passwords to Argon2id hashes (RFC 9106) in the PHC string format, and back to yes or no; bcrypt's are understood. A hash takes some 20 ms and
/// 19 MiB by design, so it runs on threads of its own; when too many wait, `NetworkError` (overloaded) says so at once.
package final class PasswordHasher: Sendable {
  /// What a hash costs. The default is OWASP's.
  package struct Cost: Sendable, Equatable {
    package var memoryKiB: UInt32
    package var passes: UInt32
    package var lanes: UInt32

    package init(memoryKiB: UInt32 = 19_456, passes: UInt32 = 2, lanes: UInt32 = 1) {
      self.memoryKiB = memoryKiB
      self.passes = passes
      self.lanes = lanes
    }
  }

  /// Bytes of a password; longer ones are refused, for they cost time before anything is known of them.
  package static let maximumLength = 4096
  private static let saltLength = 16
  private static let hashLength = 32
  /// No hash of ours is as long; one that is comes from elsewhere.
  private static let maximumEncodedLength = 512

  private let cost: Cost
  private let threads: WorkerThreads

  /// - Parameters:
  ///   - threads: hashes at the same time; each takes the cost's memory.
  ///   - queueLimit: hashes that may wait for a thread.
  package init(cost: Cost = Cost(), threads: Int = 1, queueLimit: Int = 256) {
    self.cost = cost
    self.threads = WorkerThreads(name: "passwords", threads: threads, queueLimit: queueLimit)
  }

  /// How busy the threads are. Any thread.
  package var load: WorkerThreads.Load { threads.load }

  /// A hash with a new salt. Throws `NetworkError` (overloaded) or `PasswordError`.
  package func hash(_ password: String) async throws -> String {
    let cost = cost
    return try await threads.run {
      let password = Array(password.utf8)
      guard password.count <= Self.maximumLength else { throw PasswordError.tooLong }
      let salt = SecureRandom.bytes(Self.saltLength)
      let encoded = [CChar](unsafeUninitializedCapacity: Self.maximumEncodedLength) { out, count in
        let code = argon2id_hash_encoded(
          cost.passes, cost.memoryKiB, cost.lanes, password, password.count, salt, salt.count, Self.hashLength,
          out.baseAddress, out.count)
        count = code == ARGON2_OK.rawValue ? out.firstIndex(of: 0) ?? 0 : 0
      }
      guard !encoded.isEmpty else { throw PasswordError.failed }
      return String(decoding: encoded.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// Whether the password is the one that was hashed; compared in constant time. False for what is neither an Argon2id
  /// nor a bcrypt hash.
  /// Throws `NetworkError` (overloaded) or `PasswordError` (failed), never for a wrong password.
  package func verify(_ password: String, _ encoded: String) async throws -> Bool {
    guard encoded.utf8.count <= Self.maximumEncodedLength, password.utf8.count <= Self.maximumLength else {
      return false
    }
    if let bcrypt = BcryptHash(encoded) { return try await threads.run { try bcrypt.verify(password) } }
    guard PasswordHash(encoded) != nil else { return false }
    return try await threads.run {
      let password = Array(password.utf8)
      let code = argon2id_verify(encoded, password, password.count)
      switch code {
      case ARGON2_OK.rawValue: return true
      case ARGON2_VERIFY_MISMATCH.rawValue: return false
      case ARGON2_MEMORY_ALLOCATION_ERROR.rawValue, ARGON2_THREAD_FAIL.rawValue: throw PasswordError.failed
      default: return false
      }
    }
  }

  /// Whether a hash was made at another cost than today's, or is none of ours.
  package func needsRehash(_ encoded: String) -> Bool {
    guard let parsed = PasswordHash(encoded) else { return true }
    return parsed.cost != cost || parsed.hash.count != Self.hashLength || parsed.salt.count < Self.saltLength
  }
}

/// Why a password could not be hashed.
package enum PasswordError: Error, CustomStringConvertible {
  case tooLong
  /// For want of memory or threads; it may work later.
  case failed

  package var isRetriable: Bool { self == .failed }

  package var description: String {
    switch self {
    case .tooLong: "the password is too long"
    case .failed: "the password could not be hashed: too little memory"
    }
  }
}
