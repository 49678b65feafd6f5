import Commands
import Load
import Primitives

/// A run as it goes, on one line of a terminal; nothing in a pipe.
final class LoadView {
  private let session: Session
  private let run: LoadRun

  init(_ session: Session, _ run: LoadRun) {
    self.session = session
    self.run = run
  }

  func draw() {
    guard session.output.isInteractive else { return }
    session.output.redraw(run.line)
  }

  func finish() { session.output.redraw("") }
}
