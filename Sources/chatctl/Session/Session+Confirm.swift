import Commands
import Glibc

extension Session {
  /// Asks before something is destroyed; returns when the answer is yes.
  ///
  /// With `--yes` nobody is asked. Where nobody can be asked (`--no-input`, or standard input is no terminal) it throws a
  /// `UsageError`; an answer that is not yes throws a `CommandFailure`.
  /// - Parameters:
  ///   - question: without a question mark: "Delete the topic chat.events with 12,034 records".
  ///   - word: what has to be typed, where y is too easily said.
  func confirm(_ question: String, typing word: String? = nil) throws {
    if invocation[CommonOptions.yes] { return }
    guard !invocation[CommonOptions.noInput], isatty(0) == 1 else {
      throw UsageError(.missingOption, "\(question)? Nobody can be asked here: give --yes to do it")
    }
    output.ask("\(question)? \(word.map { "Type \($0) to go on: " } ?? "[y/N] ")")
    let answer = readLine(strippingNewline: true)?.lowercased() ?? ""
    guard word.map({ answer == $0.lowercased() }) ?? ["y", "yes"].contains(answer) else {
      throw CommandFailure(.no, "nothing was done")
    }
  }
}
