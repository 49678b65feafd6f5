import CLinux
import Glibc

/// How lines look.
package struct LogStyle: Sendable, Equatable {
  /// What is asked for.
  package enum Choice: String, Sendable, CaseIterable {
    case auto, logfmt, json
  }

  package enum Format: Sendable {
    /// For eyes.
    case human
    case logfmt
    /// An object a line.
    case json
  }

  package var format: Format
  /// `<N>` before each line, which the journal takes for its priority (sd-daemon(3)).
  package var hasPriority = false
  /// Without where the journal has one of its own.
  package var hasTime = true
  package var isColored = false

  package init(_ format: Format) { self.format = format }

  /// The style for a descriptor: for eyes on a terminal, for the journal when it reads the descriptor, else logfmt.
  package init(_ choice: Choice, descriptor: Int32, environment: (String) -> String?) {
    let isTerminal = isatty(descriptor) == 1
    switch choice {
    case .json: format = .json
    case .logfmt: format = .logfmt
    case .auto: format = isTerminal ? .human : .logfmt
    }
    isColored =
      isTerminal && format == .human && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    if let stream = environment("JOURNAL_STREAM"), Self.isJournal(stream, descriptor) {
      hasPriority = true
      hasTime = false
    }
  }

  /// `JOURNAL_STREAM` is `device:inode` of the stream to the journal; it is inherited by programs whose output goes
  /// elsewhere, so the two must be the descriptor's (systemd.exec(5)).
  static func isJournal(_ stream: String, _ descriptor: Int32) -> Bool {
    let parts = stream.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count == 2, let device = UInt64(String(Substring(parts[0]))),
      let inode = UInt64(String(Substring(parts[1])))
    else { return false }
    var status = stat()
    return fstat(descriptor, &status) == 0 && UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
  }
}
