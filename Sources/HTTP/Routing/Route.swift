/// Answers a request. Runs on the loop; what it throws becomes the answer (`Problem`) or a 500. `nonsending` saves the
/// switches of executor that each call of an async function would cost otherwise.
package typealias RouteHandler =
  nonisolated(nonsending) @Sendable (HTTPRequest, RequestContext) async throws -> HTTPResponse

/// Answers a request that waits for nothing: no task is made for it, which is a tenth of what a short answer costs.
package typealias ImmediateHandler = @Sendable (HTTPRequest, RequestContext) throws -> HTTPResponse

/// Wraps handlers: calls `next`, or answers in its place; may change the request on its way in and the response on its
/// way out.
package typealias Middleware =
  nonisolated(nonsending) @Sendable (_ request: HTTPRequest, _ context: RequestContext, _ next: RouteHandler)
  async throws -> HTTPResponse

/// A method and a pattern that is answered, and what the API's description says about it.
package struct Route: Sendable {
  package let method: HTTPMethod
  /// `/api/users/:id`: a segment that begins with a colon is a parameter, a last segment of `*` any rest.
  package let pattern: String
  /// What the API's description says about it; nil where nobody has said anything.
  package internal(set) var operation: Operation?
  /// The names of the parameters, in the order of the pattern.
  package let parameterNames: [String]
  /// Its place among the router's routes.
  package internal(set) var index = 0
  var handler: RouteHandler
  /// How long a body may be that is handed over as it comes; nil where bodies are gathered.
  var streamLimit: Int?
  /// In place of `handler` and the middleware around it.
  var immediate: ImmediateHandler?

  init(method: HTTPMethod, pattern: String, immediate: ImmediateHandler? = nil, handler: @escaping RouteHandler) {
    self.method = method
    self.pattern = pattern
    self.handler = handler
    self.immediate = immediate
    parameterNames = RoutePattern.segments(pattern).compactMap {
      if case .parameter(let name) = $0 { name } else { nil }
    }
  }
}

enum RoutePattern {
  enum Segment: Equatable {
    case literal([UInt8])
    case parameter(String)
    /// Whatever remains of the path.
    case rest
  }

  static func segments(_ pattern: String) -> [Segment] {
    pattern.split(separator: "/", omittingEmptySubsequences: true).map { segment in
      if segment == "*" { return .rest }
      return segment.hasPrefix(":") ? .parameter(String(segment.dropFirst())) : .literal(Array(segment.utf8))
    }
  }
}
