import JSON
import Primitives

/// Lines from what was said.
struct LogEncoder: Sendable {
  /// Keys whose value is never written. No code of ours says such a field; should it ever, it is not the log that tells.
  static let secretKeys: Set<String> = [
    "password", "passwd", "token", "access_token", "refresh_token", "secret", "authorization", "cookie", "set-cookie",
    "key", "signing_key", "credential", "credentials",
  ]
  private static let mask = LogValue.string("[masked]")

  let style: LogStyle

  func line(
    _ level: Log.Level, _ message: String, at time: Timestamp, _ context: [LogField], _ fields: Log.Fields
  ) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(256)
    if style.hasPriority { out += [UInt8(ascii: "<"), 0x30 + level.priority, UInt8(ascii: ">")] }
    switch style.format {
    case .json: writeJSON(level, message, time, context, fields, &out)
    case .logfmt:
      if style.hasTime { out.append(contentsOf: "time=\(time) ".utf8) }
      out.append(contentsOf: "level=\(level.name) msg=".utf8)
      Self.appendQuoted(message, to: &out)
      writeFields(context, fields, &out)
    case .human:
      if style.hasTime { out.append(contentsOf: "\(time) ".utf8) }
      writeLevel(level, &out)
      Self.appendVisible(message, to: &out)
      writeFields(context, fields, &out)
    }
    out.append(UInt8(ascii: "\n"))
    return out
  }

  private static func shown(_ key: StaticString, _ value: LogValue) -> LogValue {
    secretKeys.contains(key.description.lowercased()) ? mask : value
  }

  // MARK: JSON

  private func writeJSON(
    _ level: Log.Level, _ message: String, _ time: Timestamp, _ context: [LogField], _ fields: Log.Fields,
    _ out: inout [UInt8]
  ) {
    var json = JSONWriter(reserving: 256)
    json.beginObject()
    if style.hasTime { json.field("time", time) }
    json.field("level", level.name)
    json.field("msg", message)
    for field in context { Self.write(field.key, field.value, to: &json) }
    for (key, value) in fields { Self.write(key, value, to: &json) }
    json.endObject()
    json.withBytes { out.append(contentsOf: $0) }
  }

  private static func write(_ key: StaticString, _ value: LogValue, to json: inout JSONWriter) {
    json.key(key)
    switch shown(key, value) {
    case .string(let text): json.value(text)
    case .integer(let number): json.value(number)
    case .boolean(let flag): json.value(flag)
    case .duration(let nanoseconds): json.raw(Array(seconds(nanoseconds).utf8))
    }
  }

  // MARK: Text

  private func writeFields(_ context: [LogField], _ fields: Log.Fields, _ out: inout [UInt8]) {
    for field in context { write(field.key, field.value, &out) }
    for (key, value) in fields { write(key, value, &out) }
  }

  private func write(_ key: StaticString, _ value: LogValue, _ out: inout [UInt8]) {
    out.append(UInt8(ascii: " "))
    if style.isColored { out.append(contentsOf: "\u{1b}[2m".utf8) }
    out.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
    out.append(UInt8(ascii: "="))
    if style.isColored { out.append(contentsOf: "\u{1b}[0m".utf8) }
    switch Self.shown(key, value) {
    case .string(let text): Self.appendQuoted(text, to: &out)
    case .integer(let number): out.append(contentsOf: String(number).utf8)
    case .boolean(let flag): out.append(contentsOf: (flag ? "true" : "false").utf8)
    case .duration(let nanoseconds): out.append(contentsOf: Self.seconds(nanoseconds).utf8)
    }
  }

  private func writeLevel(_ level: Log.Level, _ out: inout [UInt8]) {
    let color: String? =
      switch level {
      case .debug: "2"
      case .info: nil
      case .notice: "36"
      case .warning: "33"
      case .error: "31;1"
      }
    let name = level.name + String(repeating: " ", count: 8 - level.name.utf8.count)
    if style.isColored, let color {
      out.append(contentsOf: "\u{1b}[\(color)m\(name)\u{1b}[0m".utf8)
    } else {
      out.append(contentsOf: name.utf8)
    }
  }

  /// Seconds with microseconds.
  static func seconds(_ nanoseconds: UInt64) -> String {
    let microseconds = String(nanoseconds / 1000 % 1_000_000)
    return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 6 - microseconds.utf8.count) + microseconds
  }

  /// A value of logfmt: as it is where it is plain, else in quotation marks with escapes.
  static func appendQuoted(_ text: String, to out: inout [UInt8]) {
    let isPlain =
      !text.isEmpty
      && text.utf8.allSatisfy {
        $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\\")
      }
    if isPlain { return out.append(contentsOf: text.utf8) }
    out.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out.append(contentsOf: "\\\"".utf8)
      case "\\": out.append(contentsOf: "\\\\".utf8)
      default: append(scalar, to: &out)
      }
    }
    out.append(UInt8(ascii: "\""))
  }

  /// Text for eyes: nothing in it moves the cursor or begins a line.
  private static func appendVisible(_ text: String, to out: inout [UInt8]) {
    for scalar in text.unicodeScalars { append(scalar, to: &out) }
  }

  private static func append(_ scalar: Unicode.Scalar, to out: inout [UInt8]) {
    switch scalar {
    case "\n": out.append(contentsOf: "\\n".utf8)
    case "\r": out.append(contentsOf: "\\r".utf8)
    case "\t": out.append(contentsOf: "\\t".utf8)
    default:
      // The second range are the C1 controls, which terminals obey too.
      if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) {
        let digits = String(scalar.value, radix: 16)
        out.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits).utf8)
      } else {
        out.append(contentsOf: String(Character(scalar)).utf8)
      }
    }
  }
}
