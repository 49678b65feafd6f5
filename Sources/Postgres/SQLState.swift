/// The five characters by which PostgreSQL names a condition (PostgreSQL documentation, appendix A).
package struct SQLState: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  private let packed: UInt64

  package init(_ text: some StringProtocol) {
    packed = text.utf8.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  package init(stringLiteral value: String) { self.init(value) }

  package var description: String {
    var text = ""
    for shift in stride(from: 56, through: 0, by: -8) {
      let byte = UInt8(truncatingIfNeeded: packed >> UInt64(shift))
      if byte != 0 { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    }
    return text
  }

  /// The first two characters.
  package var category: SQLState { SQLState(packed: packed >> 24) }

  private init(packed: UInt64) { self.packed = packed }

  package static let featureNotSupported: SQLState = "0A000"
  package static let notNullViolation: SQLState = "23502"
  package static let foreignKeyViolation: SQLState = "23503"
  package static let uniqueViolation: SQLState = "23505"
  package static let checkViolation: SQLState = "23514"
  package static let transactionAborted: SQLState = "25P02"
  package static let invalidStatementName: SQLState = "26000"
  package static let serializationFailure: SQLState = "40001"
  package static let deadlockDetected: SQLState = "40P01"
  package static let undefinedTable: SQLState = "42P01"
  package static let undefinedColumn: SQLState = "42703"
  package static let lockNotAvailable: SQLState = "55P03"
  package static let queryCanceled: SQLState = "57014"
}
