import Commands
import Networking
import Primitives

/// What a command waits for: on a terminal one line with the time that has passed, else a line whenever the reason changes.
///
///     waiting 12s: 3 events are not published yet
final class Waiting {
  private let session: Session
  private let started: UInt64
  private var last: String?
  private var isDrawn = false

  init(_ session: Session) {
    self.session = session
    started = session.loop.now
  }

  func show(_ reason: String) {
    defer { last = reason }
    guard session.output.isInteractive else {
      if reason != last { session.talk("waiting: \(reason)") }
      return
    }
    isDrawn = true
    let seconds = Int64((session.loop.now &- started) / 1_000_000_000)
    session.output.redraw("waiting \(CellText.span(.seconds(seconds))): \(reason)")
  }

  /// Takes the line away.
  func finish() { if isDrawn { session.output.redraw("") } }
}
