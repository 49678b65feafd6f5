package import Postgres

/// Something that follows from events, done in the worker's transaction: it is there exactly once, or not at all.
///
/// Events come in the order of their keys, each of them once. Nothing outside of the transaction may be touched.
package protocol InboxEffect: Sendable {
  /// As dead letters name it.
  var name: String { get }
  func apply(_ events: [InboxEvent], in transaction: PostgresTransaction) async throws
}

/// Why an event cannot be done: its own fault, which another attempt seldom mends.
package struct InboxFailure: Error, CustomStringConvertible {
  /// Which effect failed, or `decoding`.
  package var effect: String
  package var reason: String

  package init(_ effect: String, _ reason: String) {
    self.effect = effect
    self.reason = reason
  }

  package var description: String { "\(effect): \(reason)" }

  /// The fault of an event, where the error is one; nil when a backend is to blame, or this program: then the event
  /// waits.
  init?(blaming error: any Error, in effect: String) {
    switch error {
    case let failure as InboxFailure: self = failure
    case let error as PostgresError:
      guard error.code == .decoding || error.sqlState.map({ Self.classes.contains($0.category) }) ?? false else {
        return nil
      }
      self.init(effect, "\(error)")
    default: return nil
    }
  }

  /// Cardinality, data, integrity, check option, raised exceptions, limits.
  private static let classes: Set<SQLState> = ["21", "22", "23", "44", "P0", "54"]
}
