import Commands
import Networking
import Primitives

/// How far a command has come, drawn on a terminal and nowhere else: a bar where the end is known, rate, time to go.
///
///     re-encrypting  [#########-----------]  46 %  1,204/2,600 messages  310/s  ETA 5s
final class Progress {
  private let title: String
  private let unit: String
  /// How many there are; nil where nobody knows. May change.
  var total: Int?
  private(set) var done = 0
  private let output: Output
  private let loop: EventLoop
  private let started: UInt64
  private var drawn: UInt64 = 0
  /// At most ten times a second.
  private static let interval: UInt64 = 100_000_000

  init(_ title: String, total: Int? = nil, unit: String, _ session: Session) {
    self.title = title
    self.total = total
    self.unit = unit
    output = session.output
    loop = session.loop
    started = loop.now
  }

  /// - Parameter count: how many more are done.
  func advance(by count: Int = 1) {
    done += count
    guard output.isInteractive, loop.now &- drawn >= Self.interval else { return }
    drawn = loop.now
    output.redraw(line)
  }

  /// Takes the line away. What is to be said of the end, the command says.
  func finish() { if drawn > 0 { output.redraw("") } }

  /// Operations in a second, so far.
  var rate: Double {
    let seconds = Double(loop.now &- started) / 1e9
    return seconds > 0 ? Double(done) / seconds : 0
  }

  private var line: String {
    let rate = rate
    var parts = [title]
    if let total, total > 0 {
      let share = min(1, Double(done) / Double(total))
      let filled = Int(share * 20)
      parts.append("[\(String(repeating: "#", count: filled))\(String(repeating: "-", count: 20 - filled))]")
      parts.append("\(Int(share * 100)) %")
      parts.append("\(CellText.grouped(done))/\(CellText.grouped(total)) \(unit)")
    } else {
      parts.append("\(CellText.grouped(done)) \(unit)")
    }
    parts.append("\(CellText.grouped(Int(rate)))/s")
    if let total, rate > 0, total > done {
      parts.append("ETA \(CellText.span(.seconds(Double(total - done) / rate)))")
    }
    return parts.joined(separator: "  ")
  }
}
