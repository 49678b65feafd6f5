// Logging: constant messages with typed fields, a line each.
//
// Pattern. A `Log` is a value that is handed down: a threshold, fields that belong to everything said through it (a
// request's identifier), and the sink. The message never varies, so that it can be counted and searched for; what varies
// is in the fields, under one vocabulary of keys (docs/OBSERVABILITY.md). Fields are not even made below the threshold.
//
// Concurrency. Any thread may log. A line is encoded where it is said, and put into the sink's buffer; one thread of the
// sink's own writes. So a reader of standard error that has stalled stops nobody: the buffer is bounded, what does not
// fit is dropped, counted, and said as soon as there is room.
//
// Invariant: a field whose key names a secret is never written, whoever said it; see `LogEncoder.secretKeys`.

/// Where something can be said for those who run the program.
package struct Log: Sendable {
  /// Names and order are those of syslog.
  package enum Level: String, Comparable, CaseIterable, Sendable {
    case debug, info, notice, warning, error

    package static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }

    package var name: String { rawValue }

    var rank: Int {
      switch self {
      case .debug: 0
      case .info: 1
      case .notice: 2
      case .warning: 3
      case .error: 4
      }
    }

    /// The number of syslog, as sd-daemon(3) prefixes lines with it.
    var priority: UInt8 { 7 - UInt8(rank) }
  }

  package typealias Fields = KeyValuePairs<StaticString, LogValue>

  package let threshold: LogThreshold
  package let sink: LogSink
  private var context: [LogField] = []

  package init(sink: LogSink, threshold: Level = .info) {
    self.sink = sink
    self.threshold = LogThreshold(threshold)
  }

  /// Whether a line of this level is written; where making the fields costs more than making a line.
  @inline(__always)
  package func isEnabled(_ level: Level) -> Bool { threshold.admits(level) }

  /// The same log with fields that every line will bear.
  package func with(_ fields: Fields) -> Log {
    var log = self
    for (key, value) in fields { log.context.append(LogField(key: key, value: value)) }
    return log
  }

  package func debug(_ message: StaticString, _ fields: @autoclosure () -> Fields = [:]) {
    if isEnabled(.debug) { write(.debug, message, fields()) }
  }
  package func info(_ message: StaticString, _ fields: @autoclosure () -> Fields = [:]) {
    if isEnabled(.info) { write(.info, message, fields()) }
  }
  package func notice(_ message: StaticString, _ fields: @autoclosure () -> Fields = [:]) {
    if isEnabled(.notice) { write(.notice, message, fields()) }
  }
  package func warning(_ message: StaticString, _ fields: @autoclosure () -> Fields = [:]) {
    if isEnabled(.warning) { write(.warning, message, fields()) }
  }
  package func error(_ message: StaticString, _ fields: @autoclosure () -> Fields = [:]) {
    if isEnabled(.error) { write(.error, message, fields()) }
  }

  /// A sentence for the one who started the program, in the form of this log.
  package func say(_ level: Level, _ sentence: String) {
    if isEnabled(level) { sink.write(level, sentence, context, [:]) }
  }

  /// For a level that a setting decides; what is below the threshold has been left out by the caller (`isEnabled`).
  package func write(_ level: Level, _ message: StaticString, _ fields: Fields) {
    sink.write(level, message.description, context, fields)
  }
}

struct LogField: Sendable {
  let key: StaticString
  let value: LogValue
}
