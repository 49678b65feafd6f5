import ChatKit
import HTTP
import JSON
import Primitives

/// Reports of messages, and the administrators' queue of them.
struct ReportRoutes: Sendable {
  let reports: ReportService

  func add(to router: Router) {
    let report = Operation("reportMessage", "Report a message to the administrators", tag: "Messages")
      .details("Of one's conversations; each reports a message once.")
      .body(
        .object(
          .required("reason", .reportReason),
          .omittable("note", .string(length: 1...reports.limits.note, pattern: "^[^\\u0000]*$")))
      )
      .answer(.created, .report).answer(.ok, .report, "One had reported it before.").problems(.conflict)
    router.post("/api/messages/:id/report", report) { request, context in
      let claims = try context.claims()
      let body = try Payload(request)
      let (report, isNew) = try await reports.report(
        try context.parameter("id", as: UUID.self), reason: try Self.reason(try body.string("reason")),
        note: try body.optionalString("note"), by: claims)
      return .json(isNew ? .created : .ok) { report.write(to: &$0) }
    }
    let list = Operation("listReports", "List what was reported, the oldest first", tag: "Moderation")
      .details("For administrators. Each with the message as it is now.")
      .query("state", .oneOf(ReportService.Filter.State.allCases.map(\.rawValue)).standard("open"), "Which of them.")
      .query("reason", .reportReason, "For this reason only.")
      .query("conversationId", .uuid, "Of this conversation only.")
      .query("senderId", .uuid, "Of messages of this user only.")
      .query("reporterId", .uuid, "By this user only.")
      .paged(default: 20, most: reports.limits.page)
      .answer(.ok, .page("reports", .allOf(.report, .object(.required("message", .message))))).problems(.forbidden)
    router.get("/api/moderation/reports", list) { request, context in
      try await self.list(request, try context.claims())
    }
    let resolve = Operation("resolveReport", "Resolve a report, with the message's others", tag: "Moderation")
      .details(
        "For administrators: nothing, delete the message, or disable its sender. What is done is in the audit log."
      )
      .body(.object(.required("action", .reportAction)))
      .answer(.ok, .report).problems(.forbidden, .conflict)
    router.post("/api/moderation/reports/:id/resolve", resolve) { request, context in
      let claims = try context.claims()
      guard let action = MessageReport.Action(rawValue: try Payload(request).string("action")) else {
        throw ChatError.invalid("action", "action is one of: dismiss, delete_message, disable_user.")
      }
      let report = try await reports.resolve(try context.parameter("id", as: UUID.self), action, by: claims)
      return .json(.ok) { report.write(to: &$0) }
    }
  }

  private static func reason(_ text: String) throws -> MessageReport.Reason {
    guard let reason = MessageReport.Reason(rawValue: text) else {
      let known = MessageReport.Reason.allCases.map(\.rawValue).joined(separator: ", ")
      throw ChatError.invalid("reason", "reason is one of: \(known).")
    }
    return reason
  }

  private func list(_ request: HTTPRequest, _ claims: AccessClaims) async throws -> HTTPResponse {
    var filter = ReportService.Filter()
    if let text = request.query["state"] {
      guard let state = ReportService.Filter.State(rawValue: text) else {
        throw ChatError.invalid("state", "state is one of: open, resolved, all.")
      }
      filter.state = state
    }
    filter.reason = try request.query["reason"].map { try Self.reason($0) }
    filter.conversation = try request.uuid("conversationId")
    filter.sender = try request.uuid("senderId")
    filter.reporter = try request.uuid("reporterId")
    let limit = try request.limit(default: 20, most: reports.limits.page)
    let found = try await reports.reports(filter, after: try request.cursor(), limit: limit, for: claims)
    return .json(.ok) { json in
      json.beginObject()
      json.key("reports")
      json.beginArray()
      for (report, message) in found { report.write(to: &json, message: message) }
      json.endArray()
      if found.count == limit, let last = found.last { json.field("next", last.report.id) }
      json.endObject()
    }
  }
}
