/// What was answered, and what went wrong. On the test's loop.
final class Ledger: @unchecked Sendable {
  /// What an entry of a log is: a message, or a change of one.
  enum Kind: String {
    case created = "message:new"
    case updated = "message:updated"
    case deleted = "message:deleted"
  }

  struct Accepted {
    var id: String
    var kind: Kind
    /// Of the message that it is, or changes.
    var messageSeq: Int
    /// What the message says after it; "" of a deleted one.
    var body: String
  }

  /// By conversation and seq.
  private(set) var accepted: [String: [Int: Accepted]] = [:]
  var edits = 0
  var deletes = 0
  private(set) var violations: [String] = []
  var refused = 0
  var retries = 0
  var replays = 0
  var deliveries = 0
  /// Acknowledged moves of read cursors, and the furthest by conversation and user.
  private(set) var reads = 0
  private(set) var read: [String: [String: Int]] = [:]
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
    accept(Accepted(id: id, kind: .created, messageSeq: seq, body: body), seq: seq, in: room)
  }

  func accept(_ entry: Accepted, seq: Int, in room: String) {
    switch entry.kind {
    case .created: break
    case .updated: edits += 1
    case .deleted: deletes += 1
    }
    if let known = accepted[room]?[seq] {
      violation("seq \(seq) of \(room) was given to '\(known.body)' and to '\(entry.body)'")
    }
    accepted[room, default: [:]][seq] = entry
  }

  func read(_ seq: Int, of room: String, by user: String) {
    reads += 1
    read[room, default: [:]][user] = max(read[room]?[user] ?? 0, seq)
  }

  func violation(_ text: String) {
    // The first ones say it; the rest would only hide them.
    if violations.count < 20 { violations.append(text) }
  }
}
