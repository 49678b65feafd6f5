import HTTP
import JSON
import Networking
import Primitives
import Testing

@Suite("the router")
struct RouterTests {
  private static func router() -> Router {
    let router = Router()
    router.get("/") { _, _ in HTTPResponse(text: "root") }
    router.get("/api/users/me") { _, _ in HTTPResponse(text: "me") }
    router.get("/api/users/:id") { _, context in
      HTTPResponse(text: "user \(try context.parameter("id", as: UUID.self))")
    }
    router.on(.delete, "/api/users/:id", Operation("removeUser", "Remove a user", tag: "Users")) { _, _ in
      HTTPResponse(status: .noContent)
    }
    router.get("/api/conversations/:id/messages/:seq") { _, context in
      HTTPResponse(text: "\(context.parameter("id") ?? "") \(try context.parameter("seq", as: Int.self))")
    }
    router.get("/api/users/me/sessions") { _, _ in HTTPResponse(text: "sessions") }
    router.get("/api/users/:id/blocks") { _, context in HTTPResponse(text: "blocks of \(context.parameter("id") ?? "")")
    }
    router.get("/files/*") { request, _ in HTTPResponse(text: "file \(request.path)") }
    router.getImmediately("/now/:id") { _, context in
      HTTPResponse(text: "now \(try context.parameter("id", as: Int.self))")
    }
    router.post("/fail") { _, _ in throw HTTPError(.closed, "secret") }
    router.post("/break") { _, _ in
      struct Broken: Error {}
      throw Broken()
    }
    return router
  }

  @Test("a handler that awaits nothing has its middleware all the same")
  func middlewareOfWhatDoesNotWait() async throws {
    let router = Router()
    router.use { _, _, _ in throw HTTPError(.closed, "turned away") }
    router.get("/plain") { _, _ in HTTPResponse(text: "let through") }
    #expect(try await ask(.get, "/plain", router).status.code >= 400)
  }

  private func ask(_ method: HTTPMethod, _ target: String, _ router: Router = RouterTests.router()) async throws
    -> HTTPResponse
  {
    let loop = EventLoop.spawn(name: "test")
    defer { loop.stop() }
    return try await loop.submit { await router.respond(to: HTTPRequest(method, target), loop: loop) }
  }

  @Test("a handler that waits for nothing answers, and what it throws is an answer")
  func immediate() async throws {
    let answer = try await ask(.get, "/now/7")
    #expect(answer.status == .ok)
    #expect(String(decoding: answer.bytes, as: UTF8.self) == "now 7")
    #expect(try await ask(.get, "/now/x").status == .notFound)
    #expect(try await ask(.post, "/now/7").status == .methodNotAllowed)
  }

  @Test(
    "finds the handler and its parameters",
    arguments: [
      ("/", "root"), ("/?a=b", "root"), ("/api/users/me", "me"), ("/api/users/me/", "me"),
      ("/api/users/0190a1b2-c3d4-7000-8000-000000000001", "user 0190a1b2-c3d4-7000-8000-000000000001"),
      ("/api/conversations/a%2Fb%20c/messages/12", "a/b c 12"), ("/api/users/me/sessions", "sessions"),
      ("/api/users/me/blocks", "blocks of me"), ("/files/a/b", "file /a/b"), ("/files", "file /files"),
      ("http://host/api/users/me?x", "me"),
    ])
  func find(target: String, text: String) async throws {
    let response = try await ask(.get, target)
    #expect(response.status == .ok)
    let expected = target.hasPrefix("/files/") ? "file /files/a/b" : text
    #expect(String(decoding: response.bytes, as: UTF8.self) == expected)
  }

  @Test(
    "answers 404 to what is not there",
    arguments: [
      "/x", "/api", "/api/users", "/api/users/not-a-uuid", "/api//users/me", "/api/users/%2e%2e/blocks",
      "/api/users/./blocks",
      "/api/users/%zz/blocks", "/api/users/%00/blocks", "/api/users/%ff/blocks", "/API/users/me",
      "/api/conversations/a/messages/x",
    ])
  func missing(target: String) async throws {
    let response = try await ask(.get, target)
    #expect(response.status == .notFound)
    #expect(response.headers["content-type"] == "application/problem+json")
    let problem = try JSONDocument(parsing: response.bytes)
    #expect(problem.root["code"]?.string == "not_found")
    #expect(problem.root["status"]?.int64 == 404)
  }

  @Test("answers other methods with 405 and OPTIONS with 204, both with Allow; HEAD like GET")
  func methods() async throws {
    let id = "/api/users/0190a1b2-c3d4-7000-8000-000000000001"
    let wrong = try await ask(.post, id)
    #expect(wrong.status == .methodNotAllowed && wrong.headers["allow"] == "DELETE, GET, HEAD, OPTIONS")
    let options = try await ask(.options, id)
    #expect(options.status == .noContent && options.headers["allow"] == "DELETE, GET, HEAD, OPTIONS")
    #expect(try await ask(.options, "*").status == .noContent)
    #expect(try await ask(.head, "/api/users/me").status == .ok)
    #expect(try await ask(.head, "/fail").status == .methodNotAllowed)
    #expect(try await ask(.delete, id).status == .noContent)
  }

  @Test("errors become answers, and what is no problem is reported and not shown")
  func errors() async throws {
    let router = Self.router()
    nonisolated(unsafe) var reported: [any Error] = []
    router.onError = { error, _, _ in reported.append(error) }
    let response = try await ask(.post, "/break", router)
    #expect(response.status == .internalServerError && reported.count == 1)
    #expect(!String(decoding: response.bytes, as: UTF8.self).contains("Broken"))
  }

  @Test("an error that the router was taught is told as its problem, and not reported as a fault")
  func taughtErrors() async throws {
    let router = Self.router()
    nonisolated(unsafe) var reports = 0
    router.onError = { _, _, _ in reports += 1 }
    router.problem = { _, _ in Problem(.conflict, code: "taught") }
    let response = try await ask(.post, "/break", router)
    #expect(response.status == .conflict && reports == 0)
  }

  @Test("a problem has its members and fields")
  func problem() throws {
    let problem = Problem(
      .tooManyRequests, code: "rate_limited", detail: "a \"quoted\" detail\n",
      fields: [("limit", .integer(5)), ("scopes", .strings(["a", "b"]))], headers: ["retry-after": "3"])
    let response = problem.response
    let json = try JSONDocument(parsing: response.bytes).root
    #expect(json["type"]?.string == "urn:chatd:problem:rate_limited")
    #expect(json["title"]?.string == "Too Many Requests")
    #expect(json["detail"]?.string == "a \"quoted\" detail\n")
    #expect(json["limit"]?.int64 == 5 && json["scopes"]?.count == 2)
    #expect(response.headers["retry-after"] == "3")
  }

  private enum UserKey: RequestContextKey { typealias Value = String }

  @Test("middleware wraps handlers, outermost first, sees errors as answers, and may answer itself")
  func middleware() async throws {
    let router = Router()
    router.use { request, context, next in
      var response = try await next(request, context)
      response.headers.append("x-outer", "\(response.status.code)")
      return response
    }
    let authenticate: Middleware = { request, context, next in
      guard let user = request.query["user"] else { throw Problem(.unauthorized, code: "unauthorized") }
      context[UserKey.self] = user
      return try await next(request, context)
    }
    router.group("/g", middleware: [authenticate]) { group in
      group.get("/who") { _, context in HTTPResponse(text: context[UserKey.self] ?? "nobody") }
      group.group("/deep") { $0.get("/:x") { _, context in HTTPResponse(text: context.parameter("x") ?? "") } }
    }
    let known = try await ask(.get, "/g/who?user=ann", router)
    #expect(String(decoding: known.bytes, as: UTF8.self) == "ann" && known.headers["x-outer"] == "200")
    let unknown = try await ask(.get, "/g/who", router)
    #expect(unknown.status == .unauthorized && unknown.headers["x-outer"] == "401")
    let deep = try await ask(.get, "/g/deep/y?user=a", router)
    #expect(String(decoding: deep.bytes, as: UTF8.self) == "y")
    #expect(try await ask(.get, "/nowhere", router).headers["x-outer"] == "404")
    #expect(try await ask(.post, "/g/who", router).headers["x-outer"] == "405")
    #expect(router.routes.map(\.pattern) == ["/g/who", "/g/deep/:x"])
  }

  @Test("serves over sockets, mounts included")
  func served() async throws {
    try await onLoop { loop in
      let router = Self.router()
      router.mount("/socket.io/") { request, exchange in exchange.respond(HTTPResponse(text: "io \(request.path)")) }
      let server = try HTTPServer(
        configuration: HTTPServerConfiguration(), loop: loop, handler: router.handle)
      let client = HTTPClient(loop: loop)
      for (target, text) in [
        ("/socket.io/?EIO=4", "io /socket.io/"), ("/socket.io", "io /socket.io"), ("/api/users/me", "me"),
      ] {
        let response = try await client.get("http://\(server.address)\(target)")
        #expect(String(decoding: response.bytes, as: UTF8.self) == text)
      }
      #expect(try await client.get("http://\(server.address)/socket.iox").status == .notFound)
      let head = try await client.send(.head, "http://\(server.address)/api/users/me")
      #expect(head.status == .ok && head.bytes.isEmpty && head.headers["content-length"] == "2")
      client.close()
      await server.close()
    }
  }

  @Test("a query that cannot be decoded is refused, not read in part")
  func malformedQuery() async throws {
    try await onLoop { loop in
      let router = Router()
      router.get("/a") { request, _ in HTTPResponse(text: request.query["x"] ?? "none") }
      for target in ["/a?x=%zz", "/a?x=1&%=2", "/a?y=%c3%28&x=1", "/a?x=%00", "/a?x=%e2%82&z=%ac"] {
        let answer = await router.respond(to: HTTPRequest(.get, target), loop: loop)
        #expect(answer.status == .badRequest && String(decoding: answer.bytes, as: UTF8.self).contains("bad_query"))
      }
      let answer = await router.respond(to: HTTPRequest(.get, "/a?y=%25&x=1"), loop: loop)
      #expect(answer.bytes == [0x31])
    }
  }
}
