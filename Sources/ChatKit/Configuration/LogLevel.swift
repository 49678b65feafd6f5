/// How much a line of the log matters; the least first.
package enum LogLevel: String, Comparable, CaseIterable, Sendable {
  case debug, info, notice, warning, error

  package var name: String { rawValue }

  private var rank: Int {
    switch self {
    case .debug: 0
    case .info: 1
    case .notice: 2
    case .warning: 3
    case .error: 4
    }
  }

  package static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }
}
