import Glibc

/// Routes by the segments of their patterns. A literal is preferred to a parameter, a parameter to a rest; where the
/// preferred way leads nowhere the next is tried.
final class RouteTrie {
  private var literals: [(text: [UInt8], node: RouteTrie)] = []
  private var parameter: RouteTrie?
  /// Routes that end here, or take the rest from here.
  private(set) var routes: [Entry] = []
  private(set) var restRoutes: [Entry] = []

  /// What is registered for one method.
  final class Entry: Sendable {
    let route: Route
    let method: HTTPMethod
    let handler: RouteHandler
    let immediate: ImmediateHandler?
    let index: Int
    /// Nil where the route is not described.
    let access: Operation.Access?

    init(_ route: Route) {
      index = route.index
      access = route.operation?.access
      self.route = route
      method = route.method
      handler = route.handler
      immediate = route.immediate
    }
  }

  func insert(_ route: Route) {
    var node = self
    for segment in RoutePattern.segments(route.pattern) {
      switch segment {
      case .literal(let text):
        if let known = node.literals.first(where: { $0.text == text }) {
          node = known.node
        } else {
          let next = RouteTrie()
          node.literals.append((text, next))
          node = next
        }
      case .parameter:
        let next = node.parameter ?? RouteTrie()
        node.parameter = next
        node = next
      case .rest:
        return Self.put(Entry(route), into: &node.restRoutes)
      }
    }
    Self.put(Entry(route), into: &node.routes)
  }

  private static func put(_ entry: Entry, into entries: inout [Entry]) {
    precondition(
      !entries.contains { $0.method == entry.method },
      "\(entry.route.method) \(entry.route.pattern) is registered twice")
    entries.append(entry)
  }

  /// The routes of the path, whatever their method; nil when there is none. `parameters` is filled with where the
  /// values lie in `path`, in the order of the pattern.
  func find(_ path: UnsafeRawBufferPointer, _ parameters: inout [Range<Int>]) -> [Entry]? {
    find(path, 0, &parameters)
  }

  private func find(_ path: UnsafeRawBufferPointer, _ from: Int, _ parameters: inout [Range<Int>]) -> [Entry]? {
    var start = from
    if start < path.count, path[start] == UInt8(ascii: "/") { start += 1 }
    if start >= path.count {
      if !routes.isEmpty { return routes }
      return restRoutes.isEmpty ? nil : restRoutes
    }
    var end = start
    while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
    for (text, node) in literals where text.count == end - start {
      let isEqual = text.withUnsafeBytes { memcmp($0.baseAddress!, path.baseAddress! + start, text.count) == 0 }
      if isEqual, let found = node.find(path, end, &parameters) { return found }
    }
    if let parameter, end > start {
      parameters.append(start..<end)
      if let found = parameter.find(path, end, &parameters) { return found }
      parameters.removeLast()
    }
    return restRoutes.isEmpty ? nil : restRoutes
  }
}
