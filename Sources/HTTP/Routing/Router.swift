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
    fileprivate let middleware: [Middleware]

    /// A group within this one.
    package func group(_ prefix: String, middleware: [Middleware] = [], routes: (Group) -> Void) {
      routes(Group(router: router, prefix: self.prefix + prefix, middleware: self.middleware + middleware))
    }

    /// Registers a handler. `configure` adds what documentation says about the route.
    package func on(
      _ method: HTTPMethod, _ pattern: String, configure: (inout Route) -> Void = { _ in },
      _ handler: @escaping RouteHandler
    ) {
      router.add(method, prefix + pattern, middleware, configure, handler)
    }

    package func get(_ pattern: String, _ handler: @escaping RouteHandler) { on(.get, pattern, handler) }
    package func post(_ pattern: String, _ handler: @escaping RouteHandler) { on(.post, pattern, handler) }
    package func put(_ pattern: String, _ handler: @escaping RouteHandler) { on(.put, pattern, handler) }
    package func patch(_ pattern: String, _ handler: @escaping RouteHandler) { on(.patch, pattern, handler) }
    package func delete(_ pattern: String, _ handler: @escaping RouteHandler) { on(.delete, pattern, handler) }
  }

  private struct Mount {
    let prefix: [UInt8]
    let handler: HTTPServer.Handler
  }

  private let trie = RouteTrie()
  private var mounts: [Mount] = []
  private var middleware: [Middleware] = []
  /// Answers what has no route, wrapped in the router's middleware.
  private var fallback: RouteHandler = Router.unrouted

  /// All routes, in the order of registration: for OpenAPI.
  package private(set) var routes: [Route] = []

  /// Hears of errors that are no `Problem`: the client gets a bare 500.
  package var onError: (@Sendable (any Error, HTTPRequest, RequestContext) -> Void)?

  /// What the client is told of an error that is no `Problem`; nil: the bare 500.
  package var problem: (@Sendable (any Error) -> Problem?)?

  package init() {}

  // MARK: Registration

  /// Wraps every route registered from now on, and the answers 404, 405 and 204 to OPTIONS. The first added is the
  /// outermost.
  package func use(_ middleware: @escaping Middleware) {
    precondition(routes.isEmpty, "middleware is registered before routes")
    self.middleware.append(middleware)
    fallback = wrap(Router.unrouted, self.middleware)
  }

  package func group(_ prefix: String, middleware: [Middleware] = [], routes: (Group) -> Void) {
    routes(Group(router: self, prefix: prefix, middleware: middleware))
  }

  package func on(
    _ method: HTTPMethod, _ pattern: String, configure: (inout Route) -> Void = { _ in },
    _ handler: @escaping RouteHandler
  ) {
    add(method, pattern, [], configure, handler)
  }

  package func get(_ pattern: String, _ handler: @escaping RouteHandler) { on(.get, pattern, handler) }
  package func post(_ pattern: String, _ handler: @escaping RouteHandler) { on(.post, pattern, handler) }
  package func put(_ pattern: String, _ handler: @escaping RouteHandler) { on(.put, pattern, handler) }
  package func patch(_ pattern: String, _ handler: @escaping RouteHandler) { on(.patch, pattern, handler) }
  package func delete(_ pattern: String, _ handler: @escaping RouteHandler) { on(.delete, pattern, handler) }

  /// Gives everything at and below `prefix` to a handler that owns the exchange, without middleware: Socket.IO.
  package func mount(_ prefix: String, _ handler: @escaping HTTPServer.Handler) {
    var bytes = Array(prefix.utf8)
    while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    mounts.append(Mount(prefix: bytes, handler: handler))
  }

  private func add(
    _ method: HTTPMethod, _ pattern: String, _ extra: [Middleware], _ configure: (inout Route) -> Void,
    _ handler: @escaping RouteHandler
  ) {
    var route = Route(method: method, pattern: pattern, handler: wrap(handler, middleware + extra))
    configure(&route)
    trie.insert(route)
    routes.append(route)
  }

  /// The middleware around the handler, the first one outermost. Errors become answers where they are thrown, so that
  /// each layer sees what the client will.
  private func wrap(_ handler: @escaping RouteHandler, _ middleware: [Middleware]) -> RouteHandler {
    middleware.reversed().reduce(handler) { inner, outer in
      let next: RouteHandler = { [unowned self] in await run(inner, $0, $1) }
      return { request, context in try await outer(request, context, next) }
    }
  }

  // MARK: Requests

  /// The server's handler. Runs the route's at once, up to its first suspension.
  package func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) {
    for mount in mounts where request.withPath({ Self.isWithin(mount.prefix, $0) }) {
      return mount.handler(request, exchange)
    }
    let (handler, context) = match(request, loop: exchange.loop, exchange: exchange)
    exchange.loop.start { [self] in
      exchange.respond(await run(handler, request, context))
    }
  }

  /// Answers a request without a server: for tests of handlers.
  package func respond(to request: HTTPRequest, loop: EventLoop) async -> HTTPResponse {
    let (handler, context) = match(request, loop: loop, exchange: nil)
    return await run(handler, request, context)
  }

  private func run(
    _ handler: RouteHandler, _ request: HTTPRequest, _ context: RequestContext
  ) async -> HTTPResponse {
    do {
      return try await handler(request, context)
    } catch let problem as Problem {
      return problem.response
    } catch let error as HTTPError {
      return Problem(error.status, code: "bad_request", detail: error.description).response
    } catch {
      if let problem = problem?(error) { return problem.response }
      onError?(error, request, context)
      return Problem(.internalServerError, code: "internal_error").response
    }
  }

  private func match(
    _ request: HTTPRequest, loop: EventLoop, exchange: HTTPExchange?
  ) -> (RouteHandler, RequestContext) {
    var parameters: [String?] = []
    var isUndecodable = false
    let entries = request.withPath { path -> [RouteTrie.RoutedEntry]? in
      var ranges: [Range<Int>] = []
      guard let found = trie.find(path, &ranges) else { return nil }
      for range in ranges {
        let value = PercentEncoding.decode(UnsafeRawBufferPointer(rebasing: path[range]))
        // What a path walker would take for a step is no value.
        if value == nil || value == "." || value == ".." { isUndecodable = true }
        parameters.append(value)
      }
      return found
    }
    guard let entries, !isUndecodable else {
      return (fallback, RequestContext(loop: loop, exchange: exchange))
    }
    let wanted = request.method
    var match = entries.first { $0.route.method == wanted }
    if match == nil, wanted == .head { match = entries.first { $0.route.method == .get } }
    if let match {
      let context = RequestContext(loop: loop, exchange: exchange, route: match.route, parameters: parameters)
      return (match.route.handler, context)
    }
    let context = RequestContext(loop: loop, exchange: exchange)
    context[AllowedMethods.self] = Self.allowed(entries)
    return (fallback, context)
  }

  private static func allowed(_ entries: [RouteTrie.RoutedEntry]) -> String {
    var methods = entries.map(\.route.method.rawValue)
    if methods.contains("GET"), !methods.contains("HEAD") { methods.append("HEAD") }
    if !methods.contains("OPTIONS") { methods.append("OPTIONS") }
    return methods.sorted().joined(separator: ", ")
  }

  /// The `Allow` of a path that is known, but not with this method.
  private enum AllowedMethods: RequestContextKey {
    typealias Value = String
  }

  private static let unrouted: RouteHandler = { request, context in
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
