package import Primitives

/// What came of a row of an import.
package struct ImportResult: Sendable {
  package enum Outcome: Sendable, Equatable {
    case created(UUID)
    /// It is there already; nothing of it is changed.
    case exists(UUID)
    case invalid(String)
  }

  package var line: Int
  /// Nil where the row says none.
  package var name: String?
  package var outcome: Outcome
}
