import Glibc
import Primitives

/// What must not be known outside: read from files of one folder, never from arguments or the environment.
///
///     token.key     signs access tokens: 32 random bytes (HS256), or an RSA private key in PEM (RS256)
///     token.*.key   verify access tokens too: the key that was before, or the one that comes
///     master.key    wraps the keys of messages, where no other file is named for it: 32 random bytes
///     session.key   derives refresh tokens from their predecessors: 32 random bytes
///
/// Every node of an installation needs the same. A key is known by its contents, so its file can have another name
/// later; docs/ACCOUNTS.md says how a key is exchanged without logging anyone out.
package struct Secrets: Sendable {
  /// Beside the active one.
  private static let maximumKeys = 16

  private let folder: String
  package let tokenKeys: SigningKeySet
  package let sessionKey: [UInt8]

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// Reads the folder; what is missing is made. Throws `Failure`.
  package init(folder: String) throws {
    if mkdir(folder, 0o700) != 0, errno != EEXIST {
      throw Failure(description: "cannot make the folder \(folder): \(String(cString: strerror(errno)))")
    }
    self.folder = folder
    let token = try Self.file("\(folder)/token.key")
    sessionKey = try Self.file("\(folder)/session.key")
    guard sessionKey.count >= 32 else {
      throw Failure(description: "\(folder)/session.key has \(sessionKey.count) bytes; it needs 32 or more")
    }
    tokenKeys = try Self.keys(folder, active: token)
  }

  /// The keys of access tokens as the files have them now. Nothing is made: a file that is missing while somebody
  /// renames it must not become a new key. Throws `Failure`.
  package func readTokenKeys() throws -> SigningKeySet { try Self.tokenKeys(in: folder) }

  /// The same of any folder, for who signs or verifies and is no server. Throws `Failure`.
  package static func tokenKeys(in folder: String) throws -> SigningKeySet {
    guard let token = try read("\(folder)/token.key") else {
      throw Failure(description: "\(folder)/token.key is missing")
    }
    return try keys(folder, active: token)
  }

  /// The master key of the folder; nil where there is none. Throws `Failure`, `KeyError`.
  /// - Parameter isMade: make it where it is missing.
  package func masterKey(isMade: Bool) throws -> MasterKey? {
    if isMade { _ = try Self.file("\(folder)/master.key") }
    return try Self.masterKey(in: folder)
  }

  /// The same of any folder, for who reads or seals messages and is no server; nothing is made. Throws `Failure`, `KeyError`.
  package static func masterKey(in folder: String) throws -> MasterKey? {
    let path = "\(folder)/master.key"
    return try read(path).map { try MasterKey(file: $0, source: path) }
  }

  private static func keys(_ folder: String, active token: [UInt8]) throws -> SigningKeySet {
    let active = try key(token, "\(folder)/token.key")
    var others: [SigningKey] = []
    for name in try otherKeys(folder) {
      let path = "\(folder)/\(name)"
      guard let bytes = try read(path) else { continue }
      let other = try key(bytes, path)
      // The same key under two names, as in the middle of an exchange.
      if other.id != active.id, !others.contains(where: { $0.id == other.id }) { others.append(other) }
    }
    do {
      return try SigningKeySet(active: active, others: others)
    } catch {
      throw Failure(description: "\(folder)/token.key is no key that can be used: \(error)")
    }
  }

  private static func key(_ bytes: [UInt8], _ path: String) throws -> SigningKey {
    let identifier = Hex.encode(Array(SHA256.digest(bytes).prefix(4)))
    do {
      return bytes.starts(with: "-----BEGIN".utf8)
        ? try SigningKey.rs256(id: identifier, pem: bytes) : try SigningKey.hs256(id: identifier, secret: bytes)
    } catch {
      throw Failure(description: "\(path) is no key that can be used: \(error)")
    }
  }

  /// `token.*.key`, by name.
  private static func otherKeys(_ folder: String) throws -> [String] {
    guard let directory = opendir(folder) else { throw failure("read", folder) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasPrefix("token."), name.hasSuffix(".key"), name.utf8.count > "token.key".utf8.count {
        names.append(name)
      }
    }
    guard names.count <= maximumKeys else {
      throw Failure(description: "\(folder) has \(names.count) files token.*.key; \(maximumKeys) are the most")
    }
    return names.sorted()
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
