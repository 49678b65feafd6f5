import ChatKit
import Metrics

/// Errors that callers were answered with, by code.
struct ErrorCounters: Sendable {
  private let cells: [ChatError.Code: Counter]

  init(_ owner: MetricOwner, surface: String) {
    let family = owner.counter(
      "chatd_errors_total", "Errors that callers were answered with, by their code.", labels: ["surface", "code"])
    cells = Dictionary(uniqueKeysWithValues: ChatError.Code.allCases.map { ($0, family.with(surface, $0.rawValue)) })
  }

  func count(_ error: ChatError) { cells[error.code]?.add() }
}
