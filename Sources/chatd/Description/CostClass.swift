import HTTP

/// What a call costs, for the limits of rates: each class has limits of its own.
enum CostClass: String, CaseIterable, Hashable, Sendable {
  /// Proving who one is, which burns CPU time on purpose.
  case login
  case read
  case write
  /// A message.
  case send
  /// What looks through many rows.
  case search
  /// What a socket says, but for messages.
  case event
  /// A socket's connecting.
  case connect

  /// Of a route: what it says, or what its method suggests.
  init(_ route: Route) {
    let named = route.operation?.costClass.flatMap { CostClass(rawValue: $0) }
    self = named ?? (route.method == .get || route.method == .head ? .read : .write)
  }

  /// Of what a socket says: messages and their changes cost the same as over HTTP.
  init(event: String) {
    switch event {
    case "message:send", "message:edit", "message:delete", "reaction": self = .send
    default: self = .event
    }
  }
}

extension Operation {
  func cost(_ costClass: CostClass) -> Operation { cost(costClass.rawValue) }
}
