import ChatKit
import HTTP
import Primitives
import Synchronization

/// The API's description (`/openapi.json`), made from the first shard's routes and shared by all: their routes are the same.
final class APIDescription: Sendable {
  private let content = Mutex<FixedContent?>(nil)

  /// The route of the description itself. `publish` follows when all routes are there.
  func add(to router: Router) {
    let operation = Operation("getDescription", "Read this description", tag: "Service").open
      .details("Describes every route of this server. `/docs` shows it to people.")
      .header("If-None-Match", .string, "The entity tag of the description that is known.")
      .answer(.ok, .object(.required("openapi", .string), .required("paths", .map(.any))))
      .answerHeader("ETag", .string, "Stands for this very description.")
      .answer(.notModified, nil, "It is the one that is known.")
    router.get("/openapi.json", operation) { [self] request, _ in
      guard let content = content.withLock({ $0 }) else {
        throw ChatError(.unavailable, "The server is starting.", retryAfter: 1)
      }
      return content.response(to: request)
    }
  }

  /// Makes the text of these routes, once a process.
  func publish(_ routes: [Route]) {
    content.withLock { content in
      guard content == nil else { return }
      let bytes = Self.document.bytes(for: routes)
      content = FixedContent(
        bytes, type: "application/json", tag: String(Hex.encode(SHA256.digest(bytes)).prefix(24)),
        headers: ["cache-control": "no-cache"])
    }
  }

  private static var document: OpenAPIDocument {
    var document = OpenAPIDocument(
      title: "chatd", version: Version.current,
      text: """
        Conversations, messages and accounts over HTTP. What happens live comes over Socket.IO, at `/socket.io/`.

        Times are RFC 3339 in UTC, identifiers UUIDs. An error is a problem (RFC 9457) with a stable `code`. Fields that \
        a request does not know are ignored.
        """)
    document.tags = [
      ("Accounts", "Registering, logging in, sessions and passwords."),
      ("Users", "Profiles, search, and who may use the system."),
      ("Conversations", "Who talks with whom."),
      ("Messages", "What is said."),
      ("Attachments", "Files beside messages."),
      ("Presence", "Who is online."),
      ("Webhooks", "Servers that are told of events."),
      ("Push", "Devices that are notified while their user is offline."),
      ("Calls", "Who rings whom, and who is in a call."),
      ("Moderation", "Who may do what, for administrators."),
      ("Service", "The server itself."),
    ]
    document.answerHeaders = [
      ("X-Request-Id", .string(length: 1...128), "Finds the request in the server's logs."),
      (
        "RateLimit-Policy", .string(pattern: "^[0-9]+;w=[0-9]+$"),
        "The limit that is closest, and its window in seconds."
      ),
      ("RateLimit-Limit", .integer(1...Int64.max), "The limit that is closest."),
      ("RateLimit-Remaining", .integer(0...Int64.max), "How many requests it still allows."),
      ("RateLimit-Reset", .integer(0...86_400), "Seconds until it allows more."),
    ]
    document.completing = { operation, route in operation.withCommonProblems(route) }
    return document
  }
}

extension Operation {
  /// What any request may meet, whatever it is for.
  fileprivate func withCommonProblems(_ route: Route) -> Operation {
    var operation = self.problem(.badRequest, code: "bad_query").problem(.badRequest, code: "bad_request")
    if hasBody || hasParameters { operation = operation.problems(.invalidRequest) }
    if hasBody { operation = operation.problems(.tooLarge).problem(.requestTimeout, code: "timed_out") }
    if access == .authenticated { operation = operation.problems(.unauthenticated) }
    if !route.parameterNames.isEmpty { operation = operation.problems(.notFound) }
    return operation.problems(.rateLimited, .internal, .overloaded, .unavailable)
  }

  /// Problems that its service answers with.
  func problems(_ codes: ChatError.Code...) -> Operation {
    codes.reduce(self) { $0.problem(ChatError($1, "").status, code: $1.rawValue) }
  }
}
