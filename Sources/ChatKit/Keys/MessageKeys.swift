// Keys: bodies that are encrypted at rest and on the bus.
//
// Pattern. A body is sealed with the active one of the message keys (AES-256-GCM), which lie in `message_keys`, each wrapped
// by the master key, which is not in the database. `MessageKeys` is what a process has unwrapped: a value, replaced as a
// whole. Each loop has a `MessageVault` with it, which seals, opens, and knows which conversations are encrypted. One
// `KeyWatch` a process looks at the table every two seconds and gives all its loops what is new. `KeyRing` is what an
// operator does: add, promote, disable, re-encrypt, verify, destroy.
//
// Invariants.
// - A conversation is encrypted from its beginning, or never. `send_messages` and `change_message` refuse a plain body in an
//   encrypted one, whatever their caller believes.
// - A sealed body is bound to its conversation and message; a wrapped key to its version.
// - Versions are of one series, whosever keys they are: so whoever opens a body needs to know its version, and nothing else.
// - A key is promoted when every live node has it, so nobody meets a message that it cannot open.
// - What cannot be opened says why (`Unreadable`); it is never an empty body.
//
// docs/ENCRYPTION.md says what that protects, and from whom.

package import Primitives

/// The keys that a process can use: an immutable value.
package struct MessageKeys: Sendable {
  private let keys: [Int32: [UInt8]]
  /// Of all that there are, usable or not.
  package let states: [Int32: MessageKeyState]
  /// Which one seals, where a workspace has none of its own.
  package let active: Int32?
  /// Which ones seal what is said in workspaces that have keys of their own.
  private let activeOfWorkspaces: [UUID: Int32]
  private let authenticationKey: [UInt8]?

  /// None at all.
  package static let none = MessageKeys()

  private init() {
    keys = [:]
    states = [:]
    active = nil
    activeOfWorkspaces = [:]
    authenticationKey = nil
  }

  /// What can be unwrapped of `records`; what cannot, and should, is in `problems`.
  package init(_ records: [MessageKeyRecord], master: MasterKey?, problems: inout [KeyError]) {
    var keys: [Int32: [UInt8]] = [:]
    var states: [Int32: MessageKeyState] = [:]
    var active: Int32?
    var activeOfWorkspaces: [UUID: Int32] = [:]
    for record in records {
      states[record.version] = record.state
      guard record.state == .enabled || record.state == .active else { continue }
      do throws(KeyError) {
        keys[record.version] = try Self.unwrap(record, master)
        guard record.state == .active else { continue }
        if let workspace = record.workspaceId {
          activeOfWorkspaces[workspace] = record.version
        } else {
          active = record.version
        }
      } catch {
        problems.append(error)
        // Not with another one in its place.
        if record.state == .active, let workspace = record.workspaceId {
          activeOfWorkspaces[workspace] = record.version
        }
      }
    }
    self.keys = keys
    self.states = states
    self.active = active
    self.activeOfWorkspaces = activeOfWorkspaces
    authenticationKey = master?.derivedKey(for: "idempotency fingerprint")
  }

  private static func unwrap(_ record: MessageKeyRecord, _ master: MasterKey?) throws(KeyError) -> [UInt8] {
    guard let master else {
      throw KeyError(
        .noMasterKey,
        "message key \(record.version) is wrapped by the master key \(Hex.encode(record.wrappedBy)), and there is none: "
          + "name its file with encryption.masterKeyFile")
    }
    guard master.fingerprint == record.wrappedBy else {
      throw KeyError(
        .wrongMasterKey,
        "message key \(record.version) is wrapped by the master key \(Hex.encode(record.wrappedBy)); the one that was "
          + "given is \(Hex.encode(master.fingerprint))")
    }
    guard let wrapped = record.wrapped, let key = master.unwrap(wrapped, version: record.version) else {
      throw KeyError(.damaged, "message key \(record.version) is damaged: the master key does not open it")
    }
    return key
  }

  /// Whether an encrypted conversation can exist: there was a key once.
  package var isInUse: Bool { !states.isEmpty }

  /// Those that open messages, ascending.
  package var versions: [Int32] { keys.keys.sorted() }

  /// Which one seals what is said in a workspace: its own, else the one for all.
  package func active(for workspace: UUID) -> Int32? { activeOfWorkspaces[workspace] ?? active }

  /// Whether what is said in a workspace can be sealed.
  package func canSeal(for workspace: UUID) -> Bool { active(for: workspace).map { keys[$0] != nil } ?? false }

  /// The body of a message, sealed with the active key. Throws `ChatError` keyUnavailable where none is active.
  package func seal(_ body: String, workspace: UUID, conversation: UUID, message: UUID) throws -> SealedBody {
    guard let active = active(for: workspace) else { throw Unreadable.keyUnavailable.error }
    return try seal(Array(body.utf8), version: active, conversation: conversation, message: message)
  }

  func seal(_ body: [UInt8], version: Int32, conversation: UUID, message: UUID) throws -> SealedBody {
    guard let key = keys[version] else { throw Unreadable.keyUnavailable.error }
    let iv = SecureRandom.bytes(AESGCM.ivLength)
    let sealed = try AESGCM.seal(body, key: key, iv: iv, associated: Self.associated(conversation, message))
    return SealedBody(keyVersion: version, ciphertext: sealed.ciphertext, iv: iv, tag: sealed.tag)
  }

  package func open(_ sealed: SealedBody, conversation: UUID, message: UUID) throws(Unreadable) -> String {
    let body = try openBytes(sealed, conversation: conversation, message: message)
    return String(decoding: body, as: UTF8.self)
  }

  func openBytes(_ sealed: SealedBody, conversation: UUID, message: UUID) throws(Unreadable) -> [UInt8] {
    guard let key = keys[sealed.keyVersion] else { throw .keyUnavailable }
    let body = AESGCM.open(
      AESGCM.Sealed(ciphertext: sealed.ciphertext, tag: sealed.tag), key: key, iv: sealed.iv,
      associated: Self.associated(conversation, message))
    guard let body else { throw .decryptionFailed }
    return body
  }

  /// What is stored in place of the digest of a request: the digest of a short body could be guessed, and its body with it.
  /// Throws `ChatError` keyUnavailable where there is no master key.
  package func authenticated(_ fingerprint: [UInt8]) throws -> [UInt8] {
    guard !fingerprint.isEmpty else { return [] }
    guard let authenticationKey else { throw Unreadable.keyUnavailable.error }
    return SHA256.authenticationCode(of: fingerprint, key: authenticationKey)
  }

  private static func associated(_ conversation: UUID, _ message: UUID) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    for word in [conversation.high, conversation.low, message.high, message.low] {
      withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
    }
    return bytes
  }
}
