import HTTP

/// What a call costs, for the limits of rates: each class has limits of its own.
enum CostClass: String, CaseIterable, Sendable {
  /// Proving who one is, which burns CPU time on purpose.
  case login
  case read
  case write
  /// A message.
  case send
  /// What looks through many rows.
  case search

  /// Of a route: what it says, or what its method suggests.
  init(_ route: Route) {
    let named = route.operation?.costClass.flatMap { CostClass(rawValue: $0) }
    self = named ?? (route.method == .get || route.method == .head ? .read : .write)
  }
}

extension Operation {
  func cost(_ costClass: CostClass) -> Operation { cost(costClass.rawValue) }
}
