import ChatKit
import Metrics
import SocketIO

/// What clients say over sockets, and how long the answers take.
struct SocketEventMetrics: Sendable {
  private struct Cells {
    let duration: Histogram
    let failed: Counter
  }

  /// The events that there are; everything else a client may say is `unknown`.
  private static let names = [
    "join", "leave", "message:send", "message:edit", "message:delete", "message:read", "message:delivered", "reaction",
    "typing", "call:invite", "call:accept", "call:decline", "call:hangup", "call:signal", "call:state",
  ]

  private let cells: [String: Cells]
  private let unknown: Cells
  private let disconnects: [String: Counter]
  let errors: ErrorCounters

  init(_ owner: MetricOwner) {
    let durations = owner.histogram(
      "chatd_socket_event_duration_seconds", "From an event's arrival to its ack.", .latency, labels: ["event"])
    let failures = owner.counter(
      "chatd_socket_event_errors_total", "Events that were answered with an error.", labels: ["event"])
    func make(_ name: String) -> Cells { Cells(duration: durations.with(name), failed: failures.with(name)) }
    cells = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, make($0)) })
    unknown = make("unknown")
    let gone = owner.counter(
      "chatd_socket_disconnects_total", "Sockets that have gone, by the reason.", labels: ["reason"])
    disconnects = Dictionary(uniqueKeysWithValues: DisconnectReason.names.map { ($0, gone.with($0)) })
    errors = ErrorCounters(owner, surface: "socket")
  }

  func answered(_ event: String, from start: UInt64, to end: UInt64, error: ChatError?) {
    let cells = cells[event] ?? unknown
    cells.duration.observe(from: start, to: end)
    guard let error else { return }
    cells.failed.add()
    errors.count(error)
  }

  func disconnected(_ reason: DisconnectReason) { disconnects[reason.name]?.add() }
}
