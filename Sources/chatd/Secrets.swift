import ChatKit
import Glibc
import Primitives

/// What must not be known outside: read from files of one folder, never from arguments or the environment.
///
///     token.key     signs access tokens: 32 random bytes (HS256), or an RSA private key in PEM (RS256)
///     session.key   derives refresh tokens from their predecessors: 32 random bytes
///
/// Every node of an installation needs the same.
struct Secrets: Sendable {
  let tokenKeys: SigningKeySet
  let sessionKey: [UInt8]

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Reads the folder; what is missing is made. Throws `Failure`.
  init(folder: String) throws {
    if mkdir(folder, 0o700) != 0, errno != EEXIST {
      throw Failure(description: "cannot make the folder \(folder): \(String(cString: strerror(errno)))")
    }
    let token = try Self.file("\(folder)/token.key")
    sessionKey = try Self.file("\(folder)/session.key")
    guard sessionKey.count >= 32 else {
      throw Failure(description: "\(folder)/session.key has \(sessionKey.count) bytes; it needs 32 or more")
    }
    let identifier = Hex.encode(Array(SHA256.digest(token).prefix(4)))
    do {
      if token.starts(with: "-----BEGIN".utf8) {
        tokenKeys = try SigningKeySet(active: SigningKey.rs256(id: identifier, pem: token))
      } else {
        tokenKeys = try SigningKeySet(active: SigningKey.hs256(id: identifier, secret: token))
      }
    } catch {
      throw Failure(description: "\(folder)/token.key is no key that can be used: \(error)")
    }
  }

  private static func file(_ path: String) throws -> [UInt8] {
    if let bytes = try read(path) { return bytes }
    // Two processes may start on an empty folder at once: the link decides whose key it is.
    let draft = "\(path).\(getpid())"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("write", draft) }
    let secret = SecureRandom.bytes(32)
    let written = secret.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    let isSynced = fsync(descriptor) == 0
    close(descriptor)
    defer { unlink(draft) }
    guard written == secret.count, isSynced else { throw failure("write", draft) }
    if link(draft, path) != 0, errno != EEXIST { throw failure("write", path) }
    guard let bytes = try read(path) else { throw failure("read", path) }
    return bytes
  }

  private static func read(_ path: String) throws -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw failure("read", path)
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
    guard count >= 0 else { throw failure("read", path) }
    guard count >= 32 else { throw Failure(description: "\(path) has \(count) bytes; a key needs 32 or more") }
    return Array(bytes[..<count])
  }

  private static func failure(_ what: String, _ path: String) -> Failure {
    Failure(description: "cannot \(what) \(path): \(String(cString: strerror(errno)))")
  }
}
