// Attachments: files beside messages. Their content lies in an object store (`ObjectStore`: a folder of ours, or one that
// speaks S3), what they are in the table `attachments`.
//
// Pattern. Whoever wants to send a file announces it (`AttachmentService.create`: name, type, size, checksum) and gets a
// request to make: a PUT whose URL is signed and expires. The store takes nothing but the content that was announced.
// When it is there the attachment is `ready`, and messages of its uploader in its conversation may name it.
//
// Lifecycle. pending -> ready -> deleted -> gone. `AttachmentCollector` deletes what was never completed, what no message
// has named in time, and what only deleted messages name. `check_at` is when it looks at an attachment next; NULL for
// one that is known to be named.
//
// Invariants.
// - An attachment that a message names is not deleted: a message takes hold of it first (`attachment_uses`), and what
//   was taken hold of a moment ago is left alone, for its message may not be committed yet.
// - Content is in place (and on disk) before its row says `ready`, and the row is marked before content is removed. So a
//   crash leaves content without a row that needs it, never the other way round; the collector finds what is left.
// - Sending a text costs nothing: only messages that name an attachment are looked up, and `messages` has no index for it.

package import JSON
package import Primitives

/// A file that a message may name.
package struct Attachment: Sendable, Equatable {
  package enum State: String, Sendable {
    /// Its content is awaited.
    case pending
    case ready
    /// It is being removed; nobody is told of it any more.
    case deleted
  }

  package var id: UUID
  package var conversationId: UUID
  package var uploaderId: UUID
  /// As the uploader calls it; without slashes and control characters.
  package var name: String
  package var contentType: String
  /// Bytes.
  package var size: Int64
  /// SHA-256 of the content.
  package var checksum: [UInt8]
  package var state: State
  package var createdAt: Timestamp
  package var completedAt: Timestamp?

  /// A request that a client may make, without further credentials.
  package struct SignedRequest: Sendable, Equatable {
    package var method: String
    /// Absolute, or a path of this API.
    package var url: String
    /// Fields that must go with it exactly so.
    package var headers: [(name: String, value: String)] = []
    package var expiresAt: Timestamp

    package static func == (a: SignedRequest, b: SignedRequest) -> Bool {
      a.method == b.method && a.url == b.url && a.expiresAt == b.expiresAt
        && a.headers.elementsEqual(b.headers) { $0 == $1 }
    }
  }

  /// - Parameters:
  ///   - upload: how its content gets there.
  ///   - download: where its content is had.
  package func write(
    to json: inout JSONWriter, upload: SignedRequest? = nil, download: SignedRequest? = nil
  ) {
    json.beginObject()
    json.field("id", id)
    json.field("conversationId", conversationId)
    json.field("uploaderId", uploaderId)
    json.field("name", name)
    json.field("contentType", contentType)
    json.field("size", size)
    json.field("sha256", Hex.encode(checksum))
    json.field("state", state.rawValue)
    json.field("createdAt", createdAt)
    if let completedAt { json.field("completedAt", completedAt) }
    if let upload {
      json.key("upload")
      json.beginObject()
      json.field("method", upload.method)
      json.field("url", upload.url)
      json.key("headers")
      json.beginObject()
      for (name, value) in upload.headers {
        json.key(name)
        json.value(value)
      }
      json.endObject()
      json.field("expiresAt", upload.expiresAt)
      json.endObject()
    }
    if let download {
      json.key("download")
      json.beginObject()
      json.field("url", download.url)
      json.field("expiresAt", download.expiresAt)
      json.endObject()
    }
    json.endObject()
  }
}
