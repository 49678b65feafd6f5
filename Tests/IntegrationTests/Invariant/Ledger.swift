/// What was answered, and what went wrong. On the test's loop.
final class Ledger: @unchecked Sendable {
  struct Accepted {
    var id: String
    var body: String
  }

  /// By conversation and seq.
  private(set) var accepted: [String: [Int: Accepted]] = [:]
  private(set) var violations: [String] = []
  var refused = 0
  var retries = 0
  var replays = 0
  var deliveries = 0
  var reconnects = 0
  var resumed = 0
  /// Sessions that Socket.IO's recovery continued.
  var recovered = 0
  /// No more sends.
  var isDone = false
  /// Everybody goes home.
  var isOver = false

  var acceptedCount: Int { accepted.values.reduce(0) { $0 + $1.count } }

  func accept(_ id: String, seq: Int, body: String, in room: String) {
    if let known = accepted[room]?[seq] {
      violation("seq \(seq) of \(room) was given to '\(known.body)' and to '\(body)'")
    }
    accepted[room, default: [:]][seq] = Accepted(id: id, body: body)
  }

  func violation(_ text: String) {
    // The first ones say it; the rest would only hide them.
    if violations.count < 20 { violations.append(text) }
  }
}
