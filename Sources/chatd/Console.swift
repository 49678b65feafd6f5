import Glibc
import Logging
import Synchronization

/// What chatd says to the one who started it; the log is another matter, unless nobody but a program reads: then these
/// sentences are lines of the log, so that every line can be parsed.
enum Console {
  private static let log = Mutex<Log?>(nil)

  /// From now on every sentence is a line of `log`, where its style is not one for eyes by choice.
  static func speak(through log: Log) { self.log.withLock { $0 = log } }

  /// Whether it is a program that reads.
  static var isLog: Bool { log.withLock { $0 != nil } }

  static func say(_ line: String, _ level: Log.Level = .notice) {
    if let log = log.withLock({ $0 }) {
      let sentence = line.hasPrefix("chatd: ") ? String(line.dropFirst(7)) : line
      return log.say(level, sentence)
    }
    var text = line + "\n"
    text.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
  }
}
