import JSON
import Networking
import TestSupport
import Testing

/// Everything of one workspace that somebody of another could try to name.
private struct Foreign: Sendable {
  let bob: Person
  let ids: [(kind: String, id: String)]
  /// What nobody of another workspace must ever read.
  let marks: [String]

  init(_ stack: Stack, in workspace: String) async throws {
    let mark = Stack.uniqueName("secret")
    bob = try await stack.person(mark, in: workspace)
    let ben = try await stack.person("ben", in: workspace)
    let group = try await stack.group(bob, [ben], title: "\(mark) group")
    let channel = try await bob.api.post(
      "/api/conversations", ["type": "channel", "title": .string("\(mark) channel")]
    ).expect(201).string("id")
    let direct = try await bob.api.post(
      "/api/conversations", ["type": "direct", "participants": [.string(ben.id)]]
    ).expect(201).string("id")
    let message = try await stack.send("\(mark) said", to: group, by: bob).expect(201).string("id")
    let session = try await bob.api.get("/api/auth/sessions").expect(200)["sessions"]?[0]?["id"]?.string ?? ""
    let call = try await bob.api.post("/api/calls", ["conversationId": .string(direct), "media": "audio"])
      .expect(201).string("id")
    let report = try await ben.api.post("/api/messages/\(message)/report", ["reason": "spam", "note": .string(mark)])
      .expect(201).string("id")
    let boss = try await stack.administrator("boss", in: workspace)
    let webhook = try await boss.api.post("/api/webhooks", ["url": "https://hook.example/x"])
      .expect(201).string("id")
    ids = [
      ("user", bob.id), ("group", group), ("channel", channel), ("direct", direct), ("message", message),
      ("session", session), ("call", call), ("report", report), ("webhook", webhook),
    ]
    marks = [mark, ben.name, boss.name]
  }

  /// With an administrator and a user of the main workspace.
  static func make(_ stack: Stack) async throws -> (root: Person, eve: Person, foreign: Foreign) {
    let root = try await stack.administrator("root")
    let workspace = try await stack.workspace("other", by: root)
    return (root, try await stack.person("eve"), try await Foreign(stack, in: workspace.name))
  }

  func id(_ kind: String) -> String { ids.first { $0.kind == kind }?.id ?? "" }

  /// All that bob can see of it, but for what changes by looking at it.
  func state() async throws -> [String] {
    var texts: [String] = []
    for path in [
      "/api/users/me", "/api/conversations", "/api/conversations/channels", "/api/users/blocks",
      "/api/conversations/\(id("group"))/participants", "/api/conversations/\(id("group"))/messages",
      "/api/conversations/\(id("channel"))/participants", "/api/messages/\(id("message"))/receipts",
    ] {
      texts.append(try await bob.api.get(path).expect(200).text)
    }
    return texts
  }
}

/// An operation of `/openapi.json`, and a body that its description allows.
private struct Described {
  let method: String
  let path: String
  let operation: JSONValue
  let document: JSONValue

  static let methods = ["get", "post", "put", "patch", "delete"]

  static func all(_ stack: Stack) async throws -> [Described] {
    let document = try await stack.client().get("/openapi.json").expect(200).json
    var found: [Described] = []
    guard let paths = document["paths"]?.object else { return [] }
    for path in paths {
      for method in methods {
        guard let operation = path.value[method] else { continue }
        found.append(Described(method: method, path: "\(path.key)", operation: operation, document: document))
      }
    }
    return found
  }

  var name: String { "\(method) \(path)" }
  var hasParameter: Bool { path.contains("{") }
  var isAuthenticated: Bool { operation["security"]?.array?.count == 1 }

  /// The path with `id` for each parameter.
  func path(with id: String) -> String {
    path.split(separator: "/").map { $0.hasPrefix("{") ? id : String($0) }.reduce("") { "\($0)/\($1)" }
  }

  /// Whether it takes JSON.
  var bodySchema: JSONValue? { operation["requestBody"]?["content"]?["application/json"]?["schema"] }

  /// Everything that may be named is named `id`; nil where it takes no JSON.
  func body(naming id: String) -> JSONLiteral? { bodySchema.map { value($0, id) } }

  private func value(_ schema: JSONValue, _ id: String) -> JSONLiteral {
    if let reference = schema["$ref"]?.string, let name = reference.split(separator: "/").last,
      let named = document["components"]?["schemas"]?[String(name)]
    {
      return value(named, id)
    }
    for keyword in ["anyOf", "allOf"] {
      if let first = schema[keyword]?[0] { return value(first, id) }
    }
    if let first = schema["enum"]?[0]?.string { return .string(first) }
    let type = schema["type"]?.string ?? schema["type"]?[0]?.string
    switch type {
    case "object":
      let fields = schema["properties"]?.object.map { $0.map { ("\($0.key)", value($0.value, id)) } }
      return .fields(fields ?? [])
    case "array": return .array([schema["items"].map { value($0, id) } ?? "x"])
    case "integer", "number": return .integer(Int64(schema["minimum"]?.int ?? 1))
    case "boolean": return true
    default:
      switch schema["format"]?.string {
      case "uuid": return .string(id)
      case "date-time": return "2999-01-01T00:00:00Z"
      case "uri": return "https://a.example/x"
      case "password": return "correct horse battery"
      default:
        // A rate.
        if schema["pattern"]?.string?.hasPrefix("^[1-9]") == true { return "5/1m" }
        return .string(String(repeating: "x", count: max(3, schema["minLength"]?.int ?? 1)))
      }
    }
  }
}

@Suite("Workspaces do not know of each other")
struct IsolationTests {
  /// These are for administrators of the main workspace, who administer them all.
  private static let forOperators = "/api/workspaces"
  /// Here the identifier is a name that one gives to one's own device.
  private static let named = "/api/push/devices/"
  private static let made = ["/api/webhooks", "/api/moderation/words"]

  /// Names everything of the other workspace where the route takes an identifier; answers how often.
  private func address(_ route: Described, _ foreign: Foreign, by person: Person) async throws -> Int {
    for (kind, id) in foreign.ids {
      let answer = try await person.api.request(
        route.method.uppercased(), route.path(with: id) + "?emoji=x", bytes: route.body(naming: id)?.bytes)
      let isUnknown = answer.status == 404 || answer.status == 403 || route.path.hasPrefix(Self.named)
      #expect(isUnknown, "\(route.name) with a \(kind)'s id: \(answer.status) \(answer.text.prefix(200))")
      let isSilent = !foreign.marks.contains { answer.text.contains($0) }
      #expect(isSilent, "\(route.name) with a \(kind)'s id")
    }
    return foreign.ids.count
  }

  @Test("no route that takes an identifier knows one of another workspace, nor does it tell anything of it")
  func addressed() async throws {
    try await withStack { stack in
      let (root, eve, foreign) = try await Foreign.make(stack)
      let before = try await foreign.state()
      var asked = 0
      for route in try await Described.all(stack) where route.hasParameter && route.isAuthenticated {
        asked += try await address(route, foreign, by: eve)
        if !route.path.hasPrefix(Self.forOperators) { asked += try await address(route, foreign, by: root) }
      }
      #expect(asked > 200)
      #expect(try await foreign.state() == before)
    }
  }

  /// Names everything of the other workspace in the query and in the body; answers how often.
  private func ask(_ route: Described, _ foreign: Foreign, by person: Person) async throws -> Int {
    var asked = 0
    for (kind, id) in foreign.ids {
      let query = "?q=\(foreign.marks[0])&conversationId=\(id)"
      for path in route.method == "get" ? [query, "?q=\(foreign.marks[0])", "?limit=50"] : [""] {
        let answer = try await person.api.request(
          route.method.uppercased(), route.path + path, bytes: route.body(naming: id)?.bytes)
        asked += 1
        // What is given back of a request is not known by that.
        let ids = route.method == "get" ? foreign.ids.map(\.id).filter { !path.contains($0) } : []
        let isSilent = !(foreign.marks + ids).contains { answer.text.contains($0) }
        #expect(isSilent, "\(route.name)\(path) with a \(kind)'s id: \(answer.text.prefix(200))")
      }
    }
    return asked
  }

  @Test("no list, search or count has anything of another workspace, and no body can name it")
  func listed() async throws {
    try await withStack { stack in
      let (root, eve, foreign) = try await Foreign.make(stack)
      let before = try await foreign.state()
      // What one does to oneself would end the test.
      let ends = ["/api/auth/", Self.forOperators]
      var asked = 0
      for route in try await Described.all(stack)
      where !route.hasParameter && !ends.contains(where: { route.path.hasPrefix($0) }) {
        asked += try await ask(route, foreign, by: eve)
        // Tests that share this installation would find what an administrator has made here.
        if route.method == "get" || !Self.made.contains(route.path) { asked += try await ask(route, foreign, by: root) }
      }
      #expect(asked > 100)
      for kind in ["direct", "group", "channel"] {
        var body: [(String, JSONLiteral)] = [("type", .string(kind)), ("participants", [.string(foreign.bob.id)])]
        if kind != "direct" { body.append(("title", "all of us")) }
        let answer = try await eve.api.post("/api/conversations", .fields(body))
        #expect(try ProblemAnswer(answer, 400).field == "participants", "\(kind)")
      }
      let own = try await stack.group(eve)
      let added = try await eve.api.post(
        "/api/conversations/\(own)/participants", ["userId": .string(foreign.bob.id)])
      #expect(try ProblemAnswer(added, 400).field == "participants")
      let reply = try await eve.api.post(
        "/api/messages",
        ["conversationId": .string(own), "body": "x", "replyTo": .string(foreign.id("message"))])
      #expect(try ProblemAnswer(reply, 400).field == "replyTo")
      let statuses = try await eve.api.post("/status/batch", ["userIds": [.string(foreign.bob.id)]]).expect(200)
      #expect(statuses["statuses"]?.count == 0)
      #expect(try await foreign.state() == before)
    }
  }

  private func say(_ event: String, _ foreign: Foreign, on socket: SocketClient) async throws {
    for (kind, id) in foreign.ids {
      let ack = try await socket.emit(
        event,
        [
          "conversationId": .string(id), "messageId": .string(id), "userIds": [.string(id)], "body": "x", "emoji": "x",
          "afterSeq": 0, "callId": .string(id), "media": "audio", "to": .string(id), "data": 1,
        ])
      let text = String(decoding: ack.rawBytes, as: UTF8.self)
      let isSilent = !foreign.marks.contains { text.contains($0) }
      #expect(isSilent, "\(event) with a \(kind)'s id")
      let code = ack["error"]?["code"]?.string
      let isRefused = ack["ok"]?.bool == false && (code == "not_found" || code == "forbidden")
      #expect(isRefused, "\(event) with a \(kind)'s id: \(text)")
    }
  }

  @Test("no socket event names or hears anything of another workspace")
  func events() async throws {
    try await withStack { stack in
      let (_, eve, foreign) = try await Foreign.make(stack)
      let socket = try await stack.socket(eve, gateway: 0)
      let before = try await foreign.state()
      let events = [
        "join", "message:send", "message:edit", "message:delete", "reaction", "message:read", "message:delivered",
        "typing", "presence:subscribe", "call:invite", "call:accept", "call:decline", "call:hangup", "call:signal",
        "call:state",
      ]
      for event in events { try await say(event, foreign, on: socket) }
      let subscribed = try await socket.emit("presence:subscribe", ["userIds": [.string(foreign.bob.id)]])
      #expect(subscribed["statuses"]?.count == 0)
      _ = try await socket.emit("leave", ["conversationId": .string(foreign.id("group"))])
      #expect(try await foreign.state() == before)
      // What is said there now is heard there, and not here. Whoever is online was seen: that changes what there is.
      let listener = try await stack.joined(foreign.bob, foreign.id("group"), gateway: 1)
      try await stack.send("again", to: foreign.id("group"), by: foreign.bob).expect(201)
      _ = try await listener.next("message:new")
      let own = try await stack.group(eve)
      _ = try await socket.join(own)
      try await stack.send("here", to: own, by: eve).expect(201)
      _ = try await socket.next("message:new")
      #expect(
        socket.events.allSatisfy { event in
          let text = String(decoding: event.argument.rawBytes, as: UTF8.self)
          return !foreign.ids.contains { text.contains($0.id) }
        })
      #expect(!listener.events.contains { String(decoding: $0.argument.rawBytes, as: UTF8.self).contains(eve.id) })
    }
  }
}
