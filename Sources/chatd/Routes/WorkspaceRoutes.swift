import ChatKit
import HTTP
import JSON
import Primitives

/// `/api/workspaces`: for the administrators of the main workspace.
struct WorkspaceRoutes: Sendable {
  let workspaces: WorkspaceService

  func add(to router: Router) {
    let create = Operation("createWorkspace", "Make a workspace", tag: "Moderation")
      .details("For administrators of the main workspace. `admin` is the account of its first administrator.")
      .body(
        .object(
          .required("name", .workspaceName), .omittable("registration", .registration),
          .omittable("limits", .workspaceLimits),
          .omittable(
            "admin",
            .object(
              .required("username", .username), .required("password", .password),
              .omittable("displayName", .displayName))))
      )
      .answer(.created, .workspace).problems(.forbidden, .conflict)
    router.post("/api/workspaces", create) { request, context in
      let claims = try context.claims()
      let body = try Payload(request)
      let limits = try body.optionalObject("limits")
      let founder = try body.optionalObject("admin").map { admin in
        WorkspaceService.Founder(
          username: try admin.string("username"), password: try admin.string("password"),
          displayName: try admin.optionalString("displayName"))
      }
      let workspace = try await workspaces.create(
        try body.string("name"), registration: try Self.registration(body) ?? .open,
        limits: Workspace.Limits(
          users: try limits?.optionalInt64("users", atLeast: 0),
          conversations: try limits?.optionalInt64("conversations", atLeast: 0),
          participants: try limits?.optionalInt64("participants", atLeast: 0), sends: try limits?.optionalRate("sends")),
        founder: founder, by: claims)
      return .json(.created) { workspace.write(to: &$0) }
    }
    let list = Operation("listWorkspaces", "List the workspaces", tag: "Moderation")
      .details("For administrators of the main workspace.")
      .paged(default: 50, most: workspaces.limits.page)
      .answer(.ok, .page("workspaces", .workspace)).problems(.forbidden)
    router.get("/api/workspaces", list) { request, context in
      let limit = try request.limit(default: 50, most: workspaces.limits.page)
      let found = try await workspaces.workspaces(
        after: try request.cursor(), limit: limit, for: try context.claims())
      return .json(.ok) { json in
        json.beginObject()
        json.key("workspaces")
        json.beginArray()
        for workspace in found { workspace.write(to: &json) }
        json.endArray()
        if found.count == limit, let last = found.last { json.field("next", last.id) }
        json.endObject()
      }
    }
    let change = Operation("changeWorkspace", "Change a workspace: its name, limits, rules", tag: "Moderation")
      .details(
        """
        For administrators of the main workspace. A limit that is null is removed; `encryption` that is null is as the \
        server has it. Limits of sends, and `filter`, are in force everywhere within 5 s.
        """
      )
      .body(
        .object(
          .omittable("name", .workspaceName), .omittable("registration", .registration),
          .omittable("limits", .workspaceLimits), .omittable("encryption", .encryptionMode),
          .omittable("filter", .boolean, "Whether the server's filter is for it."))
      )
      .answer(.ok, .workspace).problems(.forbidden, .conflict)
    router.patch("/api/workspaces/:id", change) { request, context in
      let claims = try context.claims()
      let body = try Payload(request)
      let limits = try body.optionalObject("limits")
      let change = WorkspaceChange(
        name: try body.optionalString("name"), registration: try Self.registration(body),
        users: try Self.limit("users", limits), conversations: try Self.limit("conversations", limits),
        participants: try Self.limit("participants", limits), sends: try Self.sends(limits),
        encryption: try Self.encryption(body), isFiltered: try body.optionalBool("filter"))
      let workspace = try await workspaces.change(try context.parameter("id", as: UUID.self), change, by: claims)
      return .json(.ok) { workspace.write(to: &$0) }
    }
    addWords(to: router)
  }

  private func addWords(to router: Router) {
    let words = Schema.object(
      .required(
        "words", .array(.string(length: 0...WorkspaceService.entryLimit), count: 0...WordList.Limits.workspace.entries),
        "Each a word or a phrase, with `= mask` behind it where it is not to be refused."))
    let read = Operation("getFilterWords", "Read what is not to be said", tag: "Moderation")
      .details("For administrators: the words of their own workspace.").answer(.ok, words).problems(.forbidden)
    router.get("/api/moderation/words", read) { _, context in
      let found = try await workspaces.words(for: try context.claims())
      return .json(.ok) { json in
        json.beginObject()
        json.key("words")
        json.beginArray()
        for word in found { json.value(word) }
        json.endArray()
        json.endObject()
      }
    }
    let replace = Operation("setFilterWords", "Say what is not to be said", tag: "Moderation")
      .details("For administrators, of their own workspace, besides the server's filter. In force within 5 s.")
      .body(words).answer(.noContent).problems(.forbidden)
    router.put("/api/moderation/words", replace) { request, context in
      let body = try Payload(request)
      // An empty list is one; none is a mistake.
      _ = try body.json("words")
      try await workspaces.setWords(try body.strings("words"), by: try context.claims())
      return HTTPResponse(status: .noContent)
    }
  }

  private static func sends(_ limits: Payload?) throws -> Rate?? {
    guard let limits else { return nil }
    if limits.isNull("sends") { return .some(nil) }
    return try limits.optionalRate("sends").map { .some($0) }
  }

  private static func encryption(_ body: Payload) throws -> EncryptionOptions.Mode?? {
    if body.isNull("encryption") { return .some(nil) }
    guard let text = try body.optionalString("encryption") else { return nil }
    guard let mode = EncryptionOptions.Mode(rawValue: text) else {
      throw ChatError.invalid("encryption", "encryption is one of: off, conversation, all.")
    }
    return .some(mode)
  }

  private static func registration(_ body: Payload) throws -> Workspace.Registration? {
    guard let text = try body.optionalString("registration") else { return nil }
    guard let registration = Workspace.Registration(rawValue: text) else {
      throw ChatError.invalid("registration", "registration is one of: open, closed.")
    }
    return registration
  }

  private static func limit(_ name: String, _ limits: Payload?) throws -> Int64?? {
    guard let limits else { return nil }
    if limits.isNull(name) { return .some(nil) }
    return try limits.optionalInt64(name, atLeast: 0).map { .some($0) }
  }
}

extension Payload {
  /// `COUNT/DURATION`. Throws `ChatError` invalidRequest.
  fileprivate func optionalRate(_ name: String) throws -> Rate? {
    guard let text = try optionalString(name) else { return nil }
    guard let rate = Rate(text) else {
      throw ChatError.invalid(name, "\(name) is COUNT/DURATION, for example 600/1m, of 1s to 24h.")
    }
    return rate
  }
}
