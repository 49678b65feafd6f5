// Person: everything that is kept of one person, given out or taken away.
//
// Pattern. `PersonStores` knows which stores there are. `PersonExport` and `PersonErasure` go through them step by step and
// note in a `PersonRecord`, a file of the operator's, what was done in each. Every step can be repeated: what was
// interrupted goes on at the first step that is not done. At its end the record is signed with the key of access tokens.
//
// Invariants.
// - A step is noted as done after it is done; a repetition of one that was done and not noted finds nothing more to do.
// - An erasure's record names the person by the identifier only.

import Glibc
import JSON
package import Primitives

/// What was done of an export or an erasure: a checklist of the stores, and who did it when.
package struct PersonRecord: Sendable {
  package enum Kind: String, Sendable { case export, erasure }

  package struct Step: Sendable, Equatable {
    /// The store: `postgresql.messages`.
    package var name: String
    /// Rows, keys or files.
    package var count = 0
    /// When it was done; nil while it is not.
    package var finishedAt: Timestamp?
    /// Of the file that was written, in hexadecimal.
    package var sha256: String?
    /// What else there is to know.
    package var note: String?
    /// Where it goes on, while it is not done.
    package var place: String?
  }

  package var kind: Kind
  package var user: UUID
  package var workspace: String
  package var by: String
  package var startedAt: Timestamp
  package var finishedAt: Timestamp?
  package var steps: [Step]

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package init(_ kind: Kind, of user: UUID, workspace: String, by actor: OperatorIdentity, steps: [String]) {
    self.kind = kind
    self.user = user
    self.workspace = workspace
    by = actor.name
    startedAt = .now()
    self.steps = steps.map { Step(name: $0) }
  }

  // MARK: As JSON

  package var json: [UInt8] {
    var json = JSONWriter(reserving: 2048)
    json.beginObject()
    json.field("kind", kind.rawValue)
    json.field("user", user)
    json.field("workspace", workspace)
    json.field("operator", by)
    json.field("startedAt", startedAt)
    json.key("finishedAt")
    if let finishedAt { json.value(finishedAt) } else { json.null() }
    json.key("steps")
    json.beginArray()
    for step in steps {
      json.beginObject()
      json.field("store", step.name)
      json.field("count", step.count)
      json.key("finishedAt")
      if let time = step.finishedAt { json.value(time) } else { json.null() }
      if let sha256 = step.sha256 { json.field("sha256", sha256) }
      if let note = step.note { json.field("note", note) }
      if let place = step.place { json.field("place", place) }
      json.endObject()
    }
    json.endArray()
    json.endObject()
    return json.bytes
  }

  init?(_ json: JSONValue) {
    guard let kind = json["kind"]?.string.flatMap(Kind.init(rawValue:)), let user = json["user"]?.uuid,
      let workspace = json["workspace"]?.string, let by = json["operator"]?.string,
      let startedAt = json["startedAt"]?.timestamp, let steps = json["steps"]?.array
    else { return nil }
    self.kind = kind
    self.user = user
    self.workspace = workspace
    self.by = by
    self.startedAt = startedAt
    finishedAt = json["finishedAt"]?.timestamp
    self.steps = steps.compactMap { step in
      guard let name = step["store"]?.string, let count = step["count"]?.int else { return nil }
      return Step(
        name: name, count: count, finishedAt: step["finishedAt"]?.timestamp, sha256: step["sha256"]?.string,
        note: step["note"]?.string, place: step["place"]?.string)
    }
  }

  // MARK: As a file

  /// Nil where there is no file. Throws `Failure`, `ConfigurationError`.
  package static func read(_ path: String) throws -> (record: PersonRecord, signature: String?)? {
    guard access(path, F_OK) == 0 else { return nil }
    let bytes = try FileBytes.read(path, limit: 1 << 20, what: "record")
    guard let root = try? JSONDocument(parsing: bytes).root, let record = root["record"].flatMap({ PersonRecord($0) })
    else { throw Failure(description: "\(path) is no record of an export or erasure") }
    return (record, root["signature"]?.string)
  }

  /// Beside the file and then in its place: whatever dies leaves the old one or the new one. Throws `Failure`.
  /// - Parameter keys: sign it; while it is not finished it has no signature.
  package func write(to path: String, signedBy keys: SigningKeySet? = nil) throws {
    let record = json
    var json = JSONWriter(reserving: record.count + 1024)
    json.beginObject()
    json.key("record")
    json.raw(record)
    if let keys { json.field("signature", try keys.sign(payload: record)) }
    json.endObject()
    let bytes = json.bytes + [0x0a]
    let draft = "\(path).\(getpid())"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    let count = descriptor >= 0 ? Glibc.write(descriptor, bytes, bytes.count) : -1
    let isWritten = count == bytes.count && fsync(descriptor) == 0
    if descriptor >= 0 { close(descriptor) }
    guard isWritten, rename(draft, path) == 0 else {
      throw Failure(description: "cannot write \(path): \(String(cString: strerror(errno)))")
    }
  }

  /// Whether the signature (a JSON Web Signature, RFC 7515) is that of one of the keys over this very record. Throws `TokenError`.
  package func verify(_ signature: String, with keys: SigningKeySet) throws {
    let payload = try Array(signature.utf8).withUnsafeBytes { try keys.authenticate($0) }
    guard payload.rawBytes == json else {
      throw TokenError(.wrongSignature, "it is the signature of another record")
    }
  }
}
