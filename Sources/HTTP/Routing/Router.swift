package import Networking

/// Finds the handler of a request by its path and method, and runs it on the loop with the middleware around it.
///
/// Build it before the server starts: register middleware, then routes. `handle` is an `HTTPServer`'s handler. HEAD is
/// answered by GET's handler without the body, OPTIONS with 204 and `Allow`, another method with 405 and `Allow`.
package final class Router: @unchecked Sendable {
  /// Where routes are registered with a common prefix and middleware.
  package struct Group {
    fileprivate let router: Router
    fileprivate let prefix: String
    fileprivate let middleware: [MiddlewareLayer]

    /// A group within this one.
    package func group(_ prefix: String, middleware: [Middleware] = [], routes: (Group) -> Void) {
      let layers = self.middleware + middleware.map(MiddlewareLayer.init)
      routes(Group(router: router, prefix: self.prefix + prefix, middleware: layers))
    }

    /// Registers a handler, with what the API's description says about it.
    package func on(
      _ method: HTTPMethod, _ pattern: String, _ operation: Operation? = nil, _ handler: @escaping RouteHandler
    ) {
      router.add(method, prefix + pattern, middleware, operation, handler)
    }

    package func get(_ pattern: String, _ operation: Operation? = nil, _ handler: @escaping RouteHandler) {
      on(.get, pattern, operation, handler)
    }
  }

  private struct Mount {
    let prefix: [UInt8]
    let handler: HTTPServer.Handler
    let pendingBody: HTTPServer.Handler?
  }

  private let trie = RouteTrie()
  private var mounts: [Mount] = []
  private var middleware: [MiddlewareLayer] = []
  /// The methods that have routes with streamed bodies; others need not be looked for.
  private var streamedMethods: [HTTPMethod] = []
  /// Answers what has no route, wrapped in the router's middleware.
  private var fallback: RouteHandler = Router.unrouted

  /// All routes, in the order of registration: for OpenAPI.
  package private(set) var routes: [Route] = []

  /// Hears of errors that are no `Problem`: the client gets a bare 500.
  package var onError: (@Sendable (any Error, HTTPRequest, RequestContext) -> Void)?

  /// What the client is told of an error that is no `Problem`; nil: the bare 500.
  package var problem: (@Sendable (any Error, RequestContext) -> Problem?)?

  /// Hears of each request and its answer.
  package var observer: (any RequestObserver)?

  package init() {}

  // MARK: Registration

  /// Wraps every route registered from now on, and the answers 404, 405 and 204 to OPTIONS. The first added is the
  /// outermost.
  package func use(_ middleware: @escaping Middleware) {
    precondition(routes.isEmpty, "middleware is registered before routes")
    self.middleware.append(MiddlewareLayer(call: middleware))
    fallback = wrap(Router.unrouted, self.middleware)
  }

  package func group(_ prefix: String, middleware: [Middleware] = [], routes: (Group) -> Void) {
    routes(Group(router: self, prefix: prefix, middleware: middleware.map(MiddlewareLayer.init)))
  }

  /// Registers a handler, with what the API's description says about it.
  package func on(
    _ method: HTTPMethod, _ pattern: String, _ operation: Operation? = nil, _ handler: @escaping RouteHandler
  ) {
    add(method, pattern, [], operation, handler)
  }

  package func get(_ pattern: String, _ operation: Operation? = nil, _ handler: @escaping RouteHandler) {
    on(.get, pattern, operation, handler)
  }
  package func post(_ pattern: String, _ operation: Operation? = nil, _ handler: @escaping RouteHandler) {
    on(.post, pattern, operation, handler)
  }
  package func put(_ pattern: String, _ operation: Operation? = nil, _ handler: @escaping RouteHandler) {
    on(.put, pattern, operation, handler)
  }
  package func patch(_ pattern: String, _ operation: Operation? = nil, _ handler: @escaping RouteHandler) {
    on(.patch, pattern, operation, handler)
  }
  package func delete(_ pattern: String, _ operation: Operation? = nil, _ handler: @escaping RouteHandler) {
    on(.delete, pattern, operation, handler)
  }

  /// Registers a handler of requests whose bodies, of at most `limit` bytes, it takes as they come: from the exchange's
  /// `body`, which is nil where there is none. The server has to ask for it: `server.streamLimit = router.streamLimit`.
  package func on(
    _ method: HTTPMethod, _ pattern: String, streamingUpTo limit: Int, _ operation: Operation? = nil,
    _ handler: @escaping RouteHandler
  ) {
    var route = Route(method: method, pattern: pattern, handler: wrap(handler, middleware))
    route.operation = operation
    route.streamLimit = limit
    if !streamedMethods.contains(method) { streamedMethods.append(method) }
    add(route)
  }

  /// For a server's `streamLimit`.
  package func streamLimit(of request: borrowing HTTPRequest) -> Int? {
    guard streamedMethods.contains(request.method) else { return nil }
    let method = request.method
    return request.withPath { path in
      guard !mounts.contains(where: { Self.isWithin($0.prefix, path) }) else { return nil }
      var ranges: [Range<Int>] = []
      return trie.find(path, &ranges)?.first { $0.method == method }?.route.streamLimit
    }
  }

  /// Registers a GET that waits for nothing. No middleware is around it, authentication neither, and it runs without a task.
  ///
  /// Not an overload of `get`: a closure without `await` would choose it unasked, and its route be without its middleware.
  package func getImmediately(
    _ pattern: String, _ operation: Operation? = nil, _ handler: @escaping ImmediateHandler
  ) {
    var route = Route(method: .get, pattern: pattern, immediate: handler) { try handler($0, $1) }
    route.operation = operation
    add(route)
  }

  /// Gives everything at and below `prefix` to a handler that owns the exchange, without middleware: Socket.IO.
  /// `pendingBody` is told first of requests whose body is still to come (`HTTPServer.onPendingBody`).
  package func mount(
    _ prefix: String, pendingBody: HTTPServer.Handler? = nil, _ handler: @escaping HTTPServer.Handler
  ) {
    var bytes = Array(prefix.utf8)
    while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    mounts.append(Mount(prefix: bytes, handler: handler, pendingBody: pendingBody))
  }

  private func add(
    _ method: HTTPMethod, _ pattern: String, _ extra: [MiddlewareLayer], _ operation: Operation?,
    _ handler: @escaping RouteHandler
  ) {
    var route = Route(method: method, pattern: pattern, handler: wrap(handler, middleware + extra))
    route.operation = operation
    add(route)
  }

  private func add(_ route: Route) {
    var route = route
    route.index = routes.count
    trie.insert(route)
    routes.append(route)
  }

  /// The middleware around the handler, the first one outermost. Errors become answers where they are thrown, so that
  /// each layer sees what the client will.
  private func wrap(_ handler: @escaping RouteHandler, _ middleware: [MiddlewareLayer]) -> RouteHandler {
    var handler = handler
    for layer in middleware.reversed() { handler = wrap(handler, layer) }
    return handler
  }

  private func wrap(_ inner: @escaping RouteHandler, _ layer: MiddlewareLayer) -> RouteHandler {
    let outer = layer.call
    // Declared as throwing though it does not: a conversion would be another async frame.
    let next: RouteHandler = { [unowned self] request, context async throws -> HTTPResponse in
      do { return try await inner(request, context) } catch { return answer(to: error, request, context) }
    }
    return { request, context in try await outer(request, context, next) }
  }

  // MARK: Requests

  /// The server's handler. Runs the route's at once, up to its first suspension.
  package func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
    for mount in mounts where request.withPath({ Self.isWithin(mount.prefix, $0) }) {
      return mount.handler(request, exchange)
    }
    let context = match(request, loop: exchange.loop, exchange: exchange)
    observer?.began(request, context)
    if let immediate = context.entry?.immediate {
      var response: HTTPResponse
      do { response = try immediate(request, context) } catch { response = answer(to: error, request, context) }
      observer?.answering(request, context, &response)
      return exchange.respond(response)
    }
    exchange.loop.start { [self] in
      var response = await run(request, context)
      observer?.answering(request, context, &response)
      exchange.respond(response)
    }
  }

  /// A server's `onPendingBody`, for the mounts that ask for it.
  package func announce(_ request: HTTPRequest, _ exchange: HTTPExchange) {
    for mount in mounts where request.withPath({ Self.isWithin(mount.prefix, $0) }) {
      mount.pendingBody?(request, exchange)
      return
    }
  }

  /// Answers a request without a server: for tests of handlers.
  package func respond(to request: HTTPRequest, loop: EventLoop) async -> HTTPResponse {
    await run(request, match(request, loop: loop, exchange: nil))
  }

  private nonisolated(nonsending) func run(_ request: HTTPRequest, _ context: RequestContext) async -> HTTPResponse {
    // Not with `??`: what goes through a generic function is called through a thunk.
    let handler = if let entry = context.entry { entry.handler } else { fallback }
    do { return try await handler(request, context) } catch { return answer(to: error, request, context) }
  }

  private func answer(to error: any Error, _ request: HTTPRequest, _ context: RequestContext) -> HTTPResponse {
    var problem = asProblem(error, request, context)
    problem.fields.append(("requestId", .string(context.id)))
    return problem.response
  }

  private func asProblem(_ error: any Error, _ request: HTTPRequest, _ context: RequestContext) -> Problem {
    switch error {
    case let problem as Problem: return problem
    case let error as HTTPError: return error.problem
    default:
      if let problem = problem?(error, context) { return problem }
      onError?(error, request, context)
      return Problem(.internalServerError, code: "internal")
    }
  }

  private func match(_ request: HTTPRequest, loop: EventLoop, exchange: HTTPExchange?) -> RequestContext {
    guard request.hasWellFormedQuery else {
      let context = RequestContext(loop: loop, exchange: exchange)
      context[MalformedQuery.self] = true
      return context
    }
    var parameters: [String] = []
    let entries = request.withPath { path -> [RouteTrie.Entry]? in
      var ranges: [Range<Int>] = []
      guard let found = trie.find(path, &ranges) else { return nil }
      for range in ranges {
        // What a path walker would take for a step is no value.
        let value = PercentEncoding.decode(UnsafeRawBufferPointer(rebasing: path[range]))
        guard let value, value != ".", value != ".." else { return nil }
        parameters.append(value)
      }
      return found
    }
    guard let entries else { return RequestContext(loop: loop, exchange: exchange) }
    let wanted = request.method
    var match = entries.first { $0.method == wanted }
    if match == nil, wanted == .head { match = entries.first { $0.method == .get } }
    let context = RequestContext(loop: loop, exchange: exchange, entry: match, parameters: parameters)
    if match == nil { context[AllowedMethods.self] = Self.allowed(entries) }
    return context
  }

  private static func allowed(_ entries: [RouteTrie.Entry]) -> String {
    var methods = entries.map(\.method.rawValue)
    if methods.contains("GET"), !methods.contains("HEAD") { methods.append("HEAD") }
    if !methods.contains("OPTIONS") { methods.append("OPTIONS") }
    return methods.sorted().joined(separator: ", ")
  }

  /// The `Allow` of a path that is known, but not with this method.
  private enum AllowedMethods: RequestContextKey {
    typealias Value = String
  }

  /// The query has an escape that is none.
  private enum MalformedQuery: RequestContextKey {
    typealias Value = Bool
  }

  private static let unrouted: RouteHandler = { request, context in
    if context[MalformedQuery.self] != nil {
      throw Problem(.badRequest, code: "bad_query", detail: "the query has an escape that cannot be decoded")
    }
    if let allow = context[AllowedMethods.self] {
      if request.method == .options { return HTTPResponse(status: .noContent, headers: ["allow": allow]) }
      throw Problem(.methodNotAllowed, code: "method_not_allowed", headers: ["allow": allow])
    }
    if request.method == .options, request.target == "*" {
      return HTTPResponse(status: .noContent, headers: ["allow": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"])
    }
    throw Problem(.notFound, code: "not_found")
  }

  private static func isWithin(_ prefix: [UInt8], _ path: UnsafeRawBufferPointer) -> Bool {
    guard path.count >= prefix.count, path.prefix(prefix.count).elementsEqual(prefix) else { return false }
    return path.count == prefix.count || path[prefix.count] == UInt8(ascii: "/")
  }
}

/// Keeps middleware in an array. As an element of its own a function would be called through a thunk, and each of those
/// is another async frame.
private struct MiddlewareLayer: Sendable {
  let call: Middleware
}
