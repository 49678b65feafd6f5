import ChatKit
import HTTP
import JSON
import Primitives

/// `/api/calls`: signalling, state and history of calls, and where STUN and TURN are.
struct CallRoutes: Sendable {
  let calls: CallService
  let iceServers: IceServers

  func add(to router: Router) {
    let invite = Operation("inviteToCall", "Call the members of a conversation", tag: "Calls")
      .details(
        """
        Rings all other members, or those named. Where a call goes on in the conversation already, comes into that one, \
        and rings who is named.
        """
      )
      .body(
        .object(
          .required("conversationId", .uuid), .required("media", .callMedia),
          .omittable("userIds", .array(.uuid, count: 0...calls.limits.participants)))
      )
      .answer(.created, .call).answer(.ok, .call, "The call that goes on already.")
      .problems(.notFound, .conversationArchived, .blocked, .busy, .conflict)
    router.post("/api/calls", invite) { request, context in
      let body = try Payload(request)
      let (call, isNew) = try await calls.invite(
        try body.uuid("conversationId"), media: try body.media(), users: try body.uuids("userIds"),
        by: try context.claims().user)
      return .json(isNew ? .created : .ok) { call.write(to: &$0) }
    }
    for (name, answer, summary) in [
      ("accept", .accept, "Accept a call, or come into it"), ("decline", .decline, "Decline a call"),
      ("hangup", .hangUp, "Leave a call"),
    ] as [(String, CallService.Answer, String)] {
      let operation = Operation("\(name)Call", summary, tag: "Calls").answer(.ok, .call).problems(
        .busy, .blocked, .conflict)
      router.post("/api/calls/:id/\(name)", operation) { _, context in
        let call = try await calls.answer(
          answer, to: try context.parameter("id", as: UUID.self), by: try context.claims().user)
        return .json(.ok) { call.write(to: &$0) }
      }
    }
    let signal = Operation("signalInCall", "Hand something to another participant's sockets", tag: "Calls")
      .details("A description of a session, a candidate: whatever the clients have to say to each other.")
      .body(.object(.required("to", .uuid), .required("data", .any, "Any JSON but null.")))
      .answer(.noContent).problems(.forbidden, .blocked, .conflict, .rateLimited)
    router.post("/api/calls/:id/signal", signal) { request, context in
      let body = try Payload(request)
      try await calls.signal(
        try body.json("data"), to: try body.uuid("to"), in: try context.parameter("id", as: UUID.self),
        from: try context.claims().user)
      return HTTPResponse(status: .noContent)
    }
    let current = Operation("getCurrentCall", "Ask for the call that one is in, or rung by", tag: "Calls")
      .answer(.ok, .object(.optional("call", .call, "Absent where there is none.")))
    router.get("/api/calls/current", current) { _, context in
      let call = try await calls.current(of: try context.claims().user)
      return .json(.ok) { json in
        json.beginObject()
        if let call {
          json.key("call")
          call.write(to: &json)
        }
        json.endObject()
      }
    }
    let ice = Operation("getIceServers", "Ask for STUN and TURN servers, with credentials", tag: "Calls")
      .details("As `RTCPeerConnection` takes them. Ask again when `ttl` seconds are over.")
      .answer(.ok, .iceServers)
    router.get("/api/calls/ice", ice) { _, context in
      let user = try context.claims().user
      var response = HTTPResponse.json(.ok) { iceServers.write(to: &$0, for: user) }
      response.headers.set("Cache-Control", "no-store")
      return response
    }
    let read = Operation("getCall", "Read a call", tag: "Calls").answer(.ok, .call)
    router.get("/api/calls/:id", read) { _, context in
      let call = try await calls.call(
        try context.parameter("id", as: UUID.self), for: try context.claims().user)
      return .json(.ok) { call.write(to: &$0) }
    }
    let history = Operation("listCalls", "List a conversation's calls, the newest first", tag: "Calls")
      .paged(default: 50, most: calls.limits.page)
      .answer(.ok, .page("calls", .call))
    router.get("/api/conversations/:id/calls", history) { request, context in
      var before: UUID?
      if let cursor = request.query["cursor"] {
        guard let id = UUID(cursor) else { throw ChatError.invalid("cursor", "The cursor is not one of ours.") }
        before = id
      }
      let page = try await calls.history(
        of: try context.parameter("id", as: UUID.self), for: try context.claims().user, before: before,
        limit: try request.limit(default: 50, most: calls.limits.page))
      return .json(.ok) { json in
        json.beginObject()
        json.key("calls")
        json.beginArray()
        for call in page.calls { call.write(to: &json) }
        json.endArray()
        if let next = page.next { json.field("next", next) }
        json.endObject()
      }
    }
  }
}
