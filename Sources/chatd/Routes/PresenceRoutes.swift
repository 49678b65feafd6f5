import ChatKit
import HTTP
import JSON
import Primitives

/// `/heartbeat` and `/status`: who is online, for those who have no socket.
struct PresenceRoutes: Sendable {
  let presence: PresenceService

  func add(to router: Router) {
    let beat = Operation("sayPresent", "Say that a device is there", tag: "Presence")
      .details(
        "For clients without a socket, at least as often as the answer's `ttl`. A user is online while any device is there."
      )
      .body(
        .object(
          .omittable(
            "deviceId", .string(length: 1...64, pattern: "^[!-~]*$"),
            "Tells the user's devices apart; the login by default."
          )), isRequired: false
      )
      .answer(
        .ok,
        .object(
          .required("status", .oneOf("online")), .required("deviceId", .string),
          .required("ttl", .integer(1...600), "For how many seconds it is there without another word.")))
    router.post("/heartbeat", beat) { request, context in
      let claims = try context.claims()
      let body = request.body.isEmpty ? nil : try Payload(request)
      // Without a name, the login is the device.
      let device = try body?.optionalString("deviceId") ?? claims.session.description
      try await presence.heartbeat(claims.user, device: device)
      return .json(.ok) { json in
        json.beginObject()
        json.field("status", "online")
        json.field("deviceId", device)
        json.field("ttl", Int(presence.settings.ttl.components.seconds))
        json.endObject()
      }
    }
    let read = Operation("getPresence", "Read whether a user is online", tag: "Presence")
      .details("Of users with whom one shares a conversation of at most \(presence.settings.maxMembers) members.")
      .answer(.ok, .presence)
    router.get("/status/:userId", read) { _, context in
      let claims = try context.claims()
      let user = try context.parameter("userId", as: UUID.self)
      guard try await presence.visible([user], to: claims.user).contains(user) else {
        throw ChatError(.notFound, "There is no such user, or you share no conversation.")
      }
      let status = try await presence.statuses(of: [user])[0]
      return .json(.ok) { status.write(to: &$0) }
    }
    let many = Operation("listPresence", "Read which of some users are online", tag: "Presence")
      .details("Those whose presence one may not see are left out.")
      .body(.object(.required("userIds", .array(.uuid, count: 1...presence.limits.batch)))).cost(.read)
      .answer(.ok, .object(.required("statuses", .array(.presence))))
    router.post("/status/batch", many) { request, context in
      let claims = try context.claims()
      let users = try Payload(request).uuids("userIds")
      guard (1...presence.limits.batch).contains(users.count) else {
        throw ChatError.invalid("userIds", "Name 1 to \(presence.limits.batch) users.")
      }
      let visible = try await presence.visible(Array(Set(users)), to: claims.user)
      let statuses = try await presence.statuses(of: visible.sorted())
      return .json(.ok) { json in
        json.beginObject()
        json.statuses(statuses)
        json.endObject()
      }
    }
    let members = Operation("getConversationPresence", "Read who of a conversation is online", tag: "Presence")
      .answer(
        .ok,
        .object(
          .required("conversationId", .uuid), .required("members", .integer(1...Int64.max)),
          .required("online", .integer(0...Int64.max)),
          .optional(
            "statuses", .array(.presence), "Absent where there are more than \(presence.settings.maxMembers) members."))
      )
    router.get("/api/conversations/:id/presence", members) { _, context in
      let id = try context.parameter("id", as: UUID.self)
      let found = try await presence.conversation(id, for: try context.claims().user)
      return .json(.ok) { json in
        json.beginObject()
        json.field("conversationId", id)
        json.presence(found)
        json.endObject()
      }
    }
  }
}

extension JSONWriter {
  /// The fields `members` and `online`, which are numbers, and `statuses` where the members are told one by one.
  mutating func presence(_ conversation: PresenceService.Conversation) {
    switch conversation {
    case .members(let found, let hidden):
      field("members", found.count + hidden)
      field("online", found.count(where: \.isOnline))
      statuses(found)
    case .count(let members, let online):
      field("members", members)
      field("online", online)
    }
  }

  /// The field `statuses`.
  mutating func statuses(_ statuses: [PresenceStatus]) {
    key("statuses")
    beginArray()
    for status in statuses { status.write(to: &self) }
    endArray()
  }
}
