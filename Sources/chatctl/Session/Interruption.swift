import Commands
import Glibc
import Networking

/// Ctrl-C, SIGTERM and the end of `--timeout`. One a loop: `Interruption.of(loop)`.
///
/// A command that leaves nothing half done is ended at once, with 130. One that works in steps says so with
/// `Session.resumable`: it is asked to stop after its step, and says how to go on; a second signal ends it at once.
final class Interruption: @unchecked Sendable {
  private(set) var isRequested = false
  /// How many commands are within steps of theirs.
  private var holds = 0
  private var sleepers: [UnsafeContinuation<Void, Never>] = []
  /// What a terminal needs before the process ends: the screen and the cursor of a live view.
  var restore: (() -> Void)?
  /// What ends the step that goes on, where it need not be waited for.
  var whenRequested: (() -> Void)?
  private let output: Output
  private let loop: EventLoop
  private var cause = (code: ExitCode.interrupted, message: "interrupted")

  private init(_ loop: EventLoop, _ output: Output) {
    self.loop = loop
    self.output = output
  }

  static func of(_ loop: EventLoop, output: Output = .standard) -> Interruption {
    loop.local { Interruption(loop, output) }
  }

  /// A signal came, or the time is up.
  func request(_ code: ExitCode = .interrupted, _ message: String = "interrupted") {
    if isRequested || holds == 0 {
      restore?()
      output.talk("chatctl: \(message)")
      exit(code.rawValue)
    }
    isRequested = true
    cause = (code, message)
    output.talk("chatctl: stopping\(whenRequested == nil ? " after this step" : ""); once more to stop at once")
    whenRequested?()
    wake()
  }

  func hold() { holds += 1 }
  func release() { holds -= 1 }

  /// Throws when the command is to stop.
  /// - Parameter resume: the command line that goes on from here.
  func check(resume: @autoclosure () -> String?) throws {
    guard isRequested else { return }
    throw CommandFailure(cause.code, cause.message, hint: resume().map { "Resume with: \($0)" })
  }

  /// Waits, or less when the command is to stop.
  func sleep(for duration: Duration) async {
    if isRequested { return }
    let timer = loop.timer { [weak self] in self?.wake() }
    timer.arm(after: duration)
    await withUnsafeContinuation { sleepers.append($0) }
    timer.cancel()
  }

  private func wake() {
    let all = sleepers
    sleepers = []
    for sleeper in all { sleeper.resume() }
  }
}
