import ChatKit
import HTTP
import Primitives

/// `/api/attachments/:id/data`: the content of files that lie in a folder of ours, to whoever has a path that was signed.
struct AttachmentContentRoutes: Sendable {
  /// Bytes that are read at once.
  private static let part = 128 << 10

  let attachments: AttachmentService
  let local: LocalObjectStore

  func add(to router: Router) {
    let put = signed(Operation("putAttachmentData", "Bring a file's content", tag: "Attachments"))
      .body(.string(format: "binary"), as: "application/octet-stream")
      .answer(.noContent, nil, "It is as announced, and on disk.")
    router.on(.put, "/api/attachments/:id/data", streamingUpTo: Int(attachments.limits.size), put) {
      request, context in
      try await self.put(request, context)
    }
    let bytes = Schema.string(format: "binary")
    let get = signed(Operation("getAttachmentData", "Get a file's content", tag: "Attachments"))
      .header("Range", .string, "One range of bytes (RFC 9110, 14).")
      .header("If-Range", .string, "Of this state only; else all of it.")
      .header("If-None-Match", .string, "The entity tag that is known.")
      .answer(.ok, bytes, "All of it, as its uploader has named its type.", as: "*/*")
      .answerHeader("ETag", .string, "The content's checksum.")
      .answer(.partialContent, bytes, "What was asked for.", as: "*/*")
      .answerHeader("Content-Range", .string, "Where it lies in the whole.")
      .answer(.notModified, nil, "It is the one that is known.")
      .problem(.rangeNotSatisfiable, code: "range_not_satisfiable")
    router.get("/api/attachments/:id/data", get) { request, context in try await self.get(request, context) }
  }

  private func signed(_ operation: Operation) -> Operation {
    operation.open
      .details("The path is one that was given out; its query is its right, for a while.")
      .query("expires", .string, "As given.").query("signature", .string, "As given.")
      .problems(.forbidden)
  }

  /// The attachment of a path that was given out and is good. Throws `ChatError`.
  private func attachment(_ method: String, _ request: HTTPRequest, _ context: RequestContext) async throws
    -> Attachment
  {
    let id = try context.parameter("id", as: UUID.self)
    let query = request.query
    try local.check(method, id, expires: query["expires"], signature: query["signature"])
    return try await attachments.attachment(signedFor: id)
  }

  private func put(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let attachment = try await attachment("PUT", request, context)
    // Before a byte of it is read.
    if let length = request.headers["content-length"].flatMap({ Int64($0) }), length != attachment.size {
      throw length > attachment.size
        ? ChatError(.tooLarge, "The content has \(length) bytes; \(attachment.size) were announced.")
        : ChatError.invalid("size", "The content has \(length) bytes; \(attachment.size) were announced.")
    }
    let body = context.exchange?.body
    _ = try await attachments.receive(attachment, into: local) { try await body?.next() }
    return HTTPResponse(status: .noContent)
  }

  private func get(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let attachment = try await attachment("GET", request, context)
    guard attachment.state == .ready, let file = try await local.open(attachment.id) else {
      throw ChatError(.notFound, "Its content is not here.")
    }
    let tag = "\"\(Hex.encode(attachment.checksum))\""
    var headers: HTTPHeaders = [
      "etag": tag, "accept-ranges": "bytes", "cache-control": "private, max-age=3600, immutable",
      // Whatever it is, it must not run as a page of ours.
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
      "content-disposition": ContentDisposition.value(for: attachment),
    ]
    if let known = request.headers["if-none-match"], known == "*" || known.contains(tag) {
      return HTTPResponse(status: .notModified, headers: headers)
    }
    headers.append("content-type", attachment.contentType)
    var range = ByteRange.whole
    if request.headers["if-range"].map({ $0 == tag }) ?? true {
      range = ByteRange(request.headers["range"], of: file.size)
    }
    switch range {
    case .whole:
      return HTTPResponse(status: .ok, headers: headers, body: Self.body(file, 0..<file.size))
    case .part(let part):
      headers.append("content-range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.size)")
      return HTTPResponse(status: .partialContent, headers: headers, body: Self.body(file, part))
    case .unsatisfiable:
      throw Problem(
        .rangeNotSatisfiable, code: "range_not_satisfiable", detail: "The file has \(file.size) bytes.",
        headers: ["content-range": "bytes */\(file.size)"])
    }
  }

  private static func body(_ file: LocalFile, _ range: Range<Int64>) -> HTTPBody {
    .sized(Int(range.count)) { writer in
      var offset = range.lowerBound
      while offset < range.upperBound {
        let part = try await file.read(at: offset, min(Self.part, Int(range.upperBound - offset)))
        // Cut short since it was opened: the connection is cut off as well.
        guard !part.isEmpty else { return }
        offset += Int64(part.count)
        try await writer.write(part)
      }
    }
  }
}
