import JSON
import Primitives

/// A key of messages outside of the database, as it was in it: wrapped by the master key, without which it is worth nothing.
package struct KeyBackup: Sendable, Equatable {
  package let version: Int32
  let wrapped: [UInt8]
  /// The fingerprint of that master key.
  package let wrappedBy: [UInt8]

  init(version: Int32, wrapped: [UInt8], wrappedBy: [UInt8]) {
    self.version = version
    self.wrapped = wrapped
    self.wrappedBy = wrappedBy
  }

  private static let kind = "MessageKeyBackup"

  /// As a file has it.
  package var json: [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.field("apiVersion", "chatd/v1")
    json.field("kind", Self.kind)
    json.field("version", Int64(version))
    json.field("wrapped", Base64.standard.encode(wrapped))
    json.field("wrappedBy", Hex.encode(wrappedBy))
    json.endObject()
    return json.bytes + [0x0a]
  }

  /// Throws `KeyError` damaged for what is none.
  package init(json bytes: [UInt8]) throws(KeyError) {
    guard let root = try? JSONDocument(parsing: bytes).root, root["kind"]?.isString("MessageKeyBackup") == true,
      let version = root["version"]?.int64,
      let wrapped = root["wrapped"]?.string.flatMap({ Base64.standard.decode($0) }),
      let wrappedBy = root["wrappedBy"]?.string.flatMap({ Hex.decode($0) }), let version = Int32(exactly: version)
    else { throw KeyError(.damaged, "it is no backup of a message key") }
    self.init(version: version, wrapped: wrapped, wrappedBy: wrappedBy)
  }
}
