import ChatKit
import Glibc
import Primitives

/// Constant messages with fields, in logfmt, a line each, on standard error.
struct Log: Sendable {
  typealias Level = LogLevel

  /// What is below it is left out. All copies share it; a reload changes it.
  let threshold: LogThreshold

  init(threshold: Level = .info) { self.threshold = LogThreshold(threshold) }

  func debug(_ message: StaticString, _ fields: KeyValuePairs<String, String> = [:]) { write(.debug, message, fields) }
  func info(_ message: StaticString, _ fields: KeyValuePairs<String, String> = [:]) { write(.info, message, fields) }
  func notice(_ message: StaticString, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.notice, message, fields)
  }
  func warning(_ message: StaticString, _ fields: KeyValuePairs<String, String> = [:]) {
    write(.warning, message, fields)
  }
  func error(_ message: StaticString, _ fields: KeyValuePairs<String, String> = [:]) { write(.error, message, fields) }

  private func write(_ level: Level, _ message: StaticString, _ fields: KeyValuePairs<String, String>) {
    guard level >= threshold.level else { return }
    var line = "time=\(Timestamp.now()) level=\(level.name) msg=\(Self.quoted(message.description))"
    for (key, value) in fields { line += " \(key)=\(Self.quoted(value))" }
    line += "\n"
    // One write a line, so that the lines of several threads do not mix.
    line.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
  }

  private static func quoted(_ text: String) -> String {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x3d }
    if isPlain { return text }
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7f {
          out += "\\u{" + String(scalar.value, radix: 16) + "}"
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }
}
