import ChatKit
import JSON
import Networking
import TestSupport
import Testing

extension SocketClient {
  /// The call of an ack that succeeded.
  fileprivate func call(_ event: String, _ payload: JSONLiteral) async throws -> JSONValue {
    let ack = try await emit(event, payload)
    guard ack["ok"]?.bool == true, let call = ack["call"] else {
      throw TestFailure("\(event): \(String(decoding: ack.rawBytes, as: UTF8.self))")
    }
    return call
  }

  fileprivate func code(_ event: String, _ payload: JSONLiteral) async throws -> String? {
    try await emit(event, payload)["error"]?["code"]?.string
  }
}

extension JSONValue {
  /// The state of a participant of a call.
  fileprivate func state(of person: Person) -> String? {
    (self["participants"]?.array.map { Array($0) } ?? []).first { $0["userId"]?.string == person.id }?["state"]?.string
  }

  fileprivate var id: JSONLiteral { .string(self["id"]?.string ?? "") }
}

/// An API, two gateways and one of the role presence, with short times, on servers of their own.
private struct CallStack {
  let stack: Stack
  let installation: Installation

  static func with(_ body: @escaping @Sendable (CallStack) async throws -> Void) async throws {
    try await withLoop { loop in
      var options = EmbeddedOptions()
      options.isDurable = false
      let servers = try await EmbeddedServers.start(in: "\(try TemporaryFolder.make())/data", options: options)
      var installation = try Installation(servers)
      installation.options = [
        "--presence-ttl", "1500ms", "--presence-grace", "500ms", "--presence-sweep-interval", "200ms",
        "--calls-ring-timeout", "6s", "--calls-grace", "3s", "--calls-max-participants", "3",
      ]
      let api = try await installation.start("api")
      let gateways = [try await installation.start("gateway"), try await installation.start("gateway")]
      let presence = try await installation.start("presence")
      let calls = CallStack(stack: Stack(api: api, gateways: gateways, loop: loop), installation: installation)
      var failure: (any Error)?
      do { try await body(calls) } catch { failure = error }
      for chatd in gateways + [presence, api] { _ = try? await chatd.process.stop() }
      await servers.stop()
      if let failure { throw failure }
    }
  }
}

@Suite("Calls")
struct CallTests {
  @Test("one calls another on another gateway: it rings, is accepted, signals pass between the two alone, and it ends")
  func oneToOne() async throws {
    try await withStack { stack in
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let (carol, eve) = (try await stack.person("carol"), try await stack.person("eve"))
      let id = try await stack.group(ann, [bob, carol])
      let a = try await stack.socket(ann)
      let b = try await stack.socket(bob, gateway: 1)
      let c = try await stack.socket(carol, gateway: 1)
      let e = try await stack.socket(eve)
      let begun = try await a.call(
        "call:invite", ["conversationId": .string(id), "media": "video", "userIds": [.string(bob.id)]])
      #expect(begun["state"]?.string == "ringing" && begun["media"]?.string == "video")
      #expect(begun.state(of: ann) == "joined" && begun.state(of: bob) == "ringing" && begun.state(of: carol) == nil)
      let rung = try await b.next("call:invite")
      #expect(rung["userIds"]?[0]?.string == bob.id && rung["call"]?["id"]?.string == begun["id"]?.string)
      #expect(rung["conversationId"]?.string == id)
      // Members see it; it rings for whom it names.
      #expect(try await c.next("call:invite")["userIds"]?.count == 1)
      let call: JSONLiteral = ["callId": begun.id]
      #expect(try await b.call("call:state", [:])["id"]?.string == begun["id"]?.string)

      // Nobody signals who has not accepted.
      let offer: JSONLiteral = ["type": "offer", "sdp": "v=0\r\no=- 1 1 IN IP4 127.0.0.1", "content": [1, nil, true]]
      func signal(_ person: Person, _ data: JSONLiteral) -> JSONLiteral {
        ["callId": begun.id, "to": .string(person.id), "data": data]
      }
      #expect(try await b.code("call:signal", signal(ann, offer)) == "forbidden")
      #expect(try await c.code("call:signal", signal(ann, offer)) == "forbidden")
      #expect(try await e.code("call:signal", signal(ann, offer)) == "not_found")
      #expect(try await b.call("call:accept", call)["state"]?.string == "active")
      let accepted = try await a.next("call:accepted")
      #expect(accepted["userIds"]?[0]?.string == bob.id && accepted["call"]?.state(of: bob) == "joined")
      #expect(try await a.emit("call:signal", signal(bob, offer))["ok"]?.bool == true)
      let heard = try await b.next("call:signal")
      #expect(heard["from"]?.string == ann.id && heard["to"]?.string == bob.id)
      #expect(heard["data"].map { $0.rawBytes } == offer.bytes)
      #expect(
        try await bob.api.post("/api/calls/\(begun["id"]?.string ?? "")/signal", ["to": .string(ann.id), "data": "x"])
          .status == 204)
      #expect(try await a.next("call:signal")["data"]?.string == "x")
      #expect(try await a.code("call:signal", signal(carol, offer)) == "conflict")
      #expect(try await a.code("call:signal", ["callId": begun.id, "to": .string(bob.id)]) == "invalid_request")
      let large = String(repeating: "x", count: 65 << 10)
      #expect(try await a.code("call:signal", signal(bob, .string(large))) == "too_large")

      // A member comes in unasked, and goes; who is in one call has no other.
      #expect(try await c.call("call:accept", call).state(of: carol) == "joined")
      let other = try await stack.group(carol, [eve])
      #expect(try await c.code("call:invite", ["conversationId": .string(other), "media": "audio"]) == "busy")
      let refused = try await e.call("call:invite", ["conversationId": .string(other), "media": "audio"])
      #expect(refused["state"]?.string == "ended" && refused["outcome"]?.string == "busy")
      #expect(try await e.next("call:busy")["userIds"]?[0]?.string == carol.id)
      _ = try await c.call("call:hangup", call)
      let left = try await a.next("call:left")
      #expect(left["userIds"]?[0]?.string == carol.id && left["call"]?["state"]?.string == "active")

      // Who comes back asks, and goes on.
      b.cut()
      let again = try await stack.socket(bob)
      #expect(try await again.call("call:state", [:]).state(of: bob) == "joined")
      let current = try await ann.api.get("/api/calls/current").expect(200)
      #expect(current["call"]?["id"]?.string == begun["id"]?.string)
      _ = try await a.emit("call:signal", signal(bob, "ice"))
      #expect(try await again.next("call:signal")["data"]?.string == "ice")

      let ended = try await again.call("call:hangup", call)
      #expect(
        ended["state"]?.string == "ended" && ended["outcome"]?.string == "completed" && ended["duration"]?.int != nil)
      #expect(try await a.next("call:ended")["call"]?["outcome"]?.string == "completed")
      #expect(try await again.call("call:hangup", call)["version"]?.int == ended["version"]?.int)
      #expect(try await again.code("call:accept", call) == "conflict")
      #expect(try await ann.api.get("/api/calls/current").expect(200)["call"] == nil)
      #expect(!e.events.contains { $0.argument["conversationId"]?.string == id })
      #expect(!c.events.contains { $0.name == "call:signal" })
    }
  }

  @Test("over HTTP too: invite, decline, both calling at once are one call; history is its members', newest first")
  func overHTTP() async throws {
    try await withStack { stack in
      let (ann, bob, eve) = (
        try await stack.person("ann"), try await stack.person("bob"), try await stack.person("eve")
      )
      let id = try await ann.api.post(
        "/api/conversations", ["type": "direct", "participants": [.string(bob.id)]]
      ).expect(201).string("id")
      let b = try await stack.socket(bob)
      let invite: JSONLiteral = ["conversationId": .string(id), "media": "audio"]
      let first = try await ann.api.post("/api/calls", invite).expect(201)
      let path = "/api/calls/\(try first.string("id"))"
      // Repeated, it is the same one.
      #expect(try await ann.api.post("/api/calls", invite).expect(200).string("id") == first.string("id"))
      for (request, status, code) in [
        (try await eve.api.post("/api/calls", invite), 404, "not_found"),
        (try await eve.api.get(path), 404, "not_found"),
        (try await eve.api.post("\(path)/accept", [:]), 404, "not_found"),
        (try await eve.api.get("/api/conversations/\(id)/calls"), 404, "not_found"),
        (
          try await ann.api.post("/api/calls", ["conversationId": .string(id), "media": "smell"]), 400,
          "invalid_request"
        ),
        (
          try await ann.api.post(
            "/api/calls", ["conversationId": .string(id), "media": "audio", "userIds": [.string(eve.id)]]), 400,
          "invalid_request"
        ),
        (try await ann.api.post("\(path)/decline", [:]), 409, "conflict"),
      ] as [(Answer, Int, String)] { #expect(try ProblemAnswer(request, status).code == code) }
      let declined = try await bob.api.post("\(path)/decline", [:]).expect(200)
      #expect(try declined.string("outcome") == "declined")
      _ = try await bob.api.post("\(path)/decline", [:]).expect(200)
      try await b.wait("the end") { b.events.contains { $0.name == "call:ended" } }
      #expect(
        b.events.filter { $0.name.hasPrefix("call:") }.map(\.name) == ["call:invite", "call:declined", "call:ended"])

      // Both call each other: whoever is second answers the first.
      let other = APIClient(port: stack.api.port, loop: stack.loop, token: ann.token)
      async let mine = other.post("/api/calls", invite)
      async let theirs = bob.api.post("/api/calls", invite)
      let (left, right) = try await (mine, theirs)
      #expect(try left.string("id") == right.string("id"))
      #expect(Set([left.status, right.status]) == [200, 201])
      let call = try await ann.api.get("/api/calls/\(try left.string("id"))").expect(200)
      #expect(try call.string("state") == "active")
      _ = try await ann.api.post("/api/calls/\(try left.string("id"))/hangup", [:]).expect(200)

      let page = try await bob.api.get("/api/conversations/\(id)/calls?limit=1").expect(200)
      #expect(page["calls"]?[0]?["outcome"]?.string == "completed" && page["calls"]?.count == 1)
      let rest = try await bob.api.get(
        "/api/conversations/\(id)/calls?cursor=\(try page.string("next"))"
      ).expect(200)
      #expect(rest["calls"]?.count == 1 && rest["next"] == nil)
      #expect(rest["calls"]?[0]?["outcome"]?.string == "declined")
      _ = try await ann.api.patch("/api/conversations/\(id)/settings", ["archived": true])
    }
  }

  @Test("signals are limited in a time; the older vocabulary hears of calls, and its signals are not touched")
  func limits() async throws {
    try await withStack { stack in
      let (ann, bob) = (try await stack.person("ann"), try await stack.person("bob"))
      let id = try await stack.group(ann, [bob])
      let a = try await stack.socket(ann)
      let b = try await SocketClient.connect(
        to: stack.gateways[1].port, token: bob.token, vocabulary: "legacy", loop: stack.loop)
      let call = try await a.call("call:invite", ["conversationId": .string(id), "media": "audio"])
      #expect(try await b.next("call:invite")["roomId"]?.string == id)
      _ = try await b.call("call:accept", ["callId": call.id])
      let data: JSONLiteral = ["body": "kept", "conversationId": "kept"]
      _ = try await a.emit("call:signal", ["callId": call.id, "to": .string(bob.id), "data": data])
      #expect(try await b.next("call:signal")["data"]?["body"]?.string == "kept")
      var refused = 0
      for _ in 0..<600 where refused == 0 {
        let code = try await a.code("call:signal", ["callId": call.id, "to": .string(bob.id), "data": 1])
        if code == "rate_limited" { refused += 1 }
      }
      // Forty a second are earned while they are sent one by one.
      if refused == 0 {
        for _ in 0..<600 { a.tell("call:signal", ["callId": call.id, "to": .string(bob.id), "data": 1]) }
        #expect(
          try await a.code("call:signal", ["callId": call.id, "to": .string(bob.id), "data": 1]) == "rate_limited")
      }
      _ = try await a.call("call:hangup", ["callId": call.id])
    }
  }
}

@Suite("Calls by themselves", .serialized)
struct CallSweepTests {
  @Test(
    "a ring ends by itself, though the gateway that began it is killed; a participant whose sockets are gone leaves")
  func killed() async throws {
    try await CallStack.with { calls in
      let stack = calls.stack
      let (ann, bob, carol) = (
        try await stack.person("ann"), try await stack.person("bob"), try await stack.person("carol")
      )
      let id = try await stack.group(ann, [bob, carol])
      let a = try await stack.socket(ann, gateway: 0)
      let b = try await stack.socket(bob, gateway: 1)
      let invite: JSONLiteral = ["conversationId": .string(id), "media": "audio"]
      let call = try await a.call("call:invite", invite)
      _ = try await b.next("call:invite")
      _ = try await b.call("call:accept", ["callId": call.id])
      let path = "/api/calls/\(call["id"]?.string ?? "")"
      // A short absence is none.
      b.cut()
      let back = try await stack.socket(bob, gateway: 1)
      #expect(try await back.call("call:state", [:]).state(of: bob) == "joined")
      // Carol never answers, wherever she is; the call goes on.
      let missed = try await back.next("call:missed")
      #expect(missed["userIds"]?[0]?.string == carol.id && missed["call"]?["state"]?.string == "active")
      // The gateway that began it dies, and Ann with it.
      try await stack.gateways[0].process.killNow()
      let left = try await back.next("call:left", within: .seconds(30))
      #expect(left["userIds"]?[0]?.string == ann.id)
      #expect(try await back.next("call:ended")["call"]?["outcome"]?.string == "completed")

      // A ring ends at its time, though nothing is left of the gateway that began it; Ann is still there with another device.
      let restarted = try await stack.gateways[0].startAgain()
      let annAgain = try await SocketClient.connect(to: restarted.port, token: ann.token, loop: stack.loop)
      let otherDevice = try await stack.socket(ann, gateway: 1)
      let second = try await annAgain.call("call:invite", invite)
      _ = try await back.next("call:invite")
      try await restarted.process.killNow()
      let ended = try await back.next("call:ended", within: .seconds(30))
      #expect(ended["call"]?["id"]?.string == second["id"]?.string)
      #expect(ended["call"]?["outcome"]?.string == "missed")
      #expect(try await otherDevice.next("call:missed")["userIds"]?.count == 2)
      #expect(try await bob.api.get("/api/calls/current").expect(200)["call"] == nil)
      let history = try await bob.api.get("/api/conversations/\(id)/calls").expect(200)
      #expect(history["calls"]?.count == 2 && history["calls"]?[1]?["duration"]?.int != nil)
      #expect(try await bob.api.get(path).expect(200).string("state") == "ended")
    }
  }

  @Test("who is removed from the conversation is out of its call; a call has at most so many participants")
  func removed() async throws {
    try await CallStack.with { calls in
      let stack = calls.stack
      var people: [Person] = []
      for name in ["ann", "bob", "carol", "dan"] { people.append(try await stack.person(name)) }
      let ann = people[0]
      let id = try await stack.group(ann, Array(people[1...]))
      let a = try await stack.socket(ann, gateway: 0)
      let b = try await stack.socket(people[1], gateway: 1)
      let c = try await stack.socket(people[2], gateway: 1)
      let d = try await stack.socket(people[3], gateway: 0)
      let invite: JSONLiteral = ["conversationId": .string(id), "media": "audio"]
      #expect(try await a.code("call:invite", invite) == "invalid_request")
      let call = try await a.call(
        "call:invite",
        ["conversationId": .string(id), "media": "audio", "userIds": [.string(people[1].id), .string(people[2].id)]])
      let named: JSONLiteral = ["callId": call.id]
      _ = try await b.call("call:accept", named)
      _ = try await c.call("call:accept", named)
      #expect(try await d.code("call:accept", named) == "conflict")
      _ = try await ann.api.delete("/api/conversations/\(id)/participants/\(people[1].id)").expect(204)
      let signal: JSONLiteral = ["callId": call.id, "to": .string(ann.id), "data": 1]
      #expect(try await b.code("call:signal", signal) == "not_found")
      let left = try await a.next("call:left")
      #expect(left["userIds"]?[0]?.string == people[1].id)
      #expect(try await d.call("call:accept", named).state(of: people[3]) == "joined")
      #expect(try await b.emit("call:state", [:])["call"] == nil)
      #expect(!b.events.contains { $0.name == "call:accepted" && $0.argument["userIds"]?[0]?.string == people[3].id })
    }
  }
}
