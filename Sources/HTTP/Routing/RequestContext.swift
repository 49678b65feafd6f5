package import Networking
package import Primitives

/// A key of what middleware leaves in a `RequestContext` for those after it: the user, a transaction, a log's fields.
package protocol RequestContextKey {
  associatedtype Value
}

/// What belongs to one request besides its bytes. On the loop's thread only.
package final class RequestContext: @unchecked Sendable {
  package let loop: EventLoop
  package let exchange: HTTPExchange?
  /// The route that answers; nil where none matches.
  package var route: Route? { entry?.route }
  let entry: RouteTrie.Entry?
  /// Who may call the route; nil where it does not say.
  package var access: Operation.Access? { entry?.access }
  /// The route's place among the router's routes.
  package var routeIndex: Int? { entry?.index }
  /// The request's identifier: the client's where it gave a proper one (`isIdentifier`), else the trace's.
  package var id: String {
    if let givenID { return givenID }
    let made = trace?.traceID ?? UUID.v7().description
    givenID = made
    return made
  }
  /// The identifier, once there is one.
  package var givenID: String?
  /// The step of a trace that this request is, where an observer has said so.
  package var trace: TraceContext?
  /// When the loop woke up for the request (monotonic, ns).
  package let started: UInt64
  private let parameters: [String]
  private var storage: [(key: ObjectIdentifier, value: Any)] = []

  init(loop: EventLoop, exchange: HTTPExchange?, entry: RouteTrie.Entry? = nil, parameters: [String] = []) {
    self.loop = loop
    self.exchange = exchange
    self.entry = entry
    self.parameters = parameters
    started = loop.now
  }

  package subscript<Key: RequestContextKey>(key: Key.Type) -> Key.Value? {
    get {
      for entry in storage where entry.key == ObjectIdentifier(key) { return entry.value as? Key.Value }
      return nil
    }
    set {
      storage.removeAll { $0.key == ObjectIdentifier(key) }
      if let newValue { storage.append((ObjectIdentifier(key), newValue)) }
    }
  }

  /// The decoded value of `:name` in the route's pattern; nil when the pattern has no such parameter.
  package func parameter(_ name: String) -> String? {
    guard let index = entry?.route.parameterNames.firstIndex(of: name), index < parameters.count else { return nil }
    return parameters[index]
  }

  /// The value of `:name` as another type. Throws a `Problem` (404) when it is not one: a path with a wrong identifier
  /// names nothing.
  package func parameter<Value: PathParameter>(_ name: String, as type: Value.Type) throws(Problem) -> Value {
    guard let text = parameter(name), let value = Value(pathParameter: text) else {
      throw Problem(.notFound, code: "not_found", detail: "\(name) is not valid")
    }
    return value
  }
}

/// What a path's segment may be read as.
package protocol PathParameter {
  init?(pathParameter text: String)
}

extension String: PathParameter {
  package init?(pathParameter text: String) { self = text }
}

extension Int: PathParameter {
  package init?(pathParameter text: String) { self.init(text) }
}

extension Int64: PathParameter {
  package init?(pathParameter text: String) { self.init(text) }
}

extension UUID: PathParameter {
  package init?(pathParameter text: String) { self.init(text) }
}
