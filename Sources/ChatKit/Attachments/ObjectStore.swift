package import Primitives

/// Where the content of attachments lies. Belongs to the loop it is used on.
package protocol ObjectStore: Sendable {
  /// How a client brings the content of `attachment`, and nothing else.
  func upload(of attachment: Attachment, until: Timestamp) -> Attachment.SignedRequest

  /// Where a client gets it, with its type and name.
  func download(of attachment: Attachment, until: Timestamp) -> Attachment.SignedRequest

  /// What has been brought; nil: nothing yet. Throws `ObjectStoreError`.
  func inspect(_ attachment: Attachment) async throws -> StoredObject?

  /// Removes the content; there may be none. Throws `ObjectStoreError`.
  func remove(_ attachment: UUID) async throws

  /// Removes what interrupted uploads have left behind. Throws `ObjectStoreError`.
  func sweep() async throws
}

/// What a store says of an object that it has.
package struct StoredObject: Sendable {
  package var size: Int64
  /// SHA-256, as the store has found it; nil where it does not tell.
  package var checksum: [UInt8]?
  /// How it begins, where that was asked for: `ContentSignature.length` bytes, or all that there are.
  package var beginning: [UInt8]?
}

/// The store cannot do what it was asked for.
package struct ObjectStoreError: Error, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// It is away, or overloaded.
    case unavailable
    /// It refuses us: a wrong key, no such bucket, a folder that we may not write to.
    case refused
    /// It has no room.
    case full
  }

  package let code: Code
  package let reason: String

  package init(_ code: Code, _ reason: String) {
    self.code = code
    self.reason = reason
  }

  package var isRetriable: Bool { code != .refused }
  package var description: String { reason }
}
