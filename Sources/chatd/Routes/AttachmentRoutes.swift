import ChatKit
import HTTP
import JSON
import Primitives

/// `/api/attachments`: announcing files, and finding them. Their content goes past us, or, where it lies in a folder of ours,
/// through `AttachmentContentRoutes`.
struct AttachmentRoutes: Sendable {
  let attachments: AttachmentService
  /// Nil where the content lies with others.
  let local: LocalObjectStore?

  func add(to router: Router) {
    let limits = attachments.limits
    let create = Operation("createAttachment", "Announce a file", tag: "Attachments")
      .details(
        """
        The answer says how its content is brought: a PUT of exactly these bytes, with the given fields, before the URL \
        expires. Then complete it, and name it in a message of type image or file.
        """
      )
      .body(
        .object(
          .required("conversationId", .uuid, "Where it is to be sent."),
          .required("name", .string(length: 1...limits.name, pattern: "^[^/\\\\\\u0000-\\u001f\\u007f-\\u009f]+$")),
          .required("contentType", .string(length: 3...127), "A media type that is taken here."),
          .required("size", .integer(1...limits.size), "Bytes."),
          .required("sha256", .string(pattern: "^[0-9a-fA-F]{64}$"), "Of the content, in hexadecimal."))
      )
      .answer(.created, .announcedAttachment).answerHeader("Location", .string, "Its path.")
      .problems(.notFound, .conflict, .tooLarge)
    router.post("/api/attachments", create) { request, context in
      try await self.create(request, try context.claims().user)
    }
    let complete = Operation("completeAttachment", "Say that a file's content has been brought", tag: "Attachments")
      .details(
        "Its uploader. The content is compared with what was announced; from then on messages may name the file."
      )
      .answer(.ok, .attachment)
      .problems(.conflict, .invalidRequest)
    router.post("/api/attachments/:id/complete", complete) { _, context in
      let attachment = try await attachments.complete(try Self.id(context), by: try context.claims().user)
      return .json(.ok) { attachment.write(to: &$0) }
    }
    let read = Operation("getAttachment", "Read about a file", tag: "Attachments")
      .details("For the participants of its conversation; while it is pending, for its uploader.")
      .answer(.ok, .availableAttachment)
    router.get("/api/attachments/:id", read) { _, context in
      let (attachment, download) = try await attachments.attachment(
        try Self.id(context), for: try context.claims().user)
      var response = HTTPResponse.json(.ok) { attachment.write(to: &$0, download: download) }
      response.headers.append("cache-control", "no-store")
      return response
    }
    let content = Operation("getAttachmentContent", "Go to a file's content", tag: "Attachments")
      .answer(HTTPStatus(302), nil, "It is at `Location`, for a while.")
      .answerHeader("Location", .string(format: "uri-reference"), "Good without a token.")
      .problems(.conflict)
    router.get("/api/attachments/:id/content", content) { _, context in
      let (_, download) = try await attachments.attachment(try Self.id(context), for: try context.claims().user)
      guard let download else { throw ChatError(.conflict, "Its content has not been uploaded.") }
      return HTTPResponse(
        status: HTTPStatus(302), headers: ["location": download.url, "cache-control": "no-store"])
    }
    if let local { AttachmentContentRoutes(attachments: attachments, local: local).add(to: router) }
  }

  private static func id(_ context: RequestContext) throws -> UUID { try context.parameter("id", as: UUID.self) }

  private func create(_ request: HTTPRequest, _ user: UUID) async throws -> HTTPResponse {
    let body = try Payload(request)
    guard let size = try body.optionalInt64("size", atLeast: 1) else {
      throw ChatError.invalid("size", "size is missing.")
    }
    let (attachment, upload) = try await attachments.create(
      AttachmentService.Announcement(
        conversationId: try body.uuid("conversationId"), name: try body.string("name"),
        contentType: try body.string("contentType"), size: size, checksum: try body.string("sha256")),
      by: user)
    var response = HTTPResponse.json(.created) { attachment.write(to: &$0, upload: upload) }
    response.headers.append("location", "/api/attachments/\(attachment.id)")
    response.headers.append("cache-control", "no-store")
    return response
  }
}
