import JSON
import Primitives
import YAML

/// A field's value.
enum RecordValue: Sendable {
  case null
  case string(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case time(Timestamp)
  case duration(Duration)
  case size(Int)
  case list([RecordValue])
  case object([(String, RecordValue)])

  init(_ text: String?) { self = text.map { .string($0) } ?? .null }
  init(_ number: Int?) { self = number.map { .integer($0) } ?? .null }
  init(_ number: Int64?) { self = number.map { .integer(Int($0)) } ?? .null }
  init(_ number: Int32?) { self = number.map { .integer(Int($0)) } ?? .null }
  init(_ number: Double?) { self = number.map { .number($0) } ?? .null }
  init(_ yes: Bool?) { self = yes.map { .boolean($0) } ?? .null }
  init(_ time: Timestamp?) { self = time.map { .time($0) } ?? .null }
  init(_ duration: Duration?) { self = duration.map { .duration($0) } ?? .null }
  init(_ id: UUID?) { self = id.map { .string($0.description) } ?? .null }
  init(_ texts: [String]) { self = .list(texts.map { .string($0) }) }

  /// A number of seconds, or of anything else, that is no whole one in JSON keeps six digits.
  func write(to json: inout JSONWriter) {
    switch self {
    case .null: json.null()
    case .string(let text): json.value(text)
    case .integer(let number), .size(let number): json.value(number)
    case .number(let number): json.value(Self.rounded(number))
    case .boolean(let yes): json.value(yes)
    case .time(let time): json.value("\(time)")
    case .duration(let duration): json.value(Self.rounded(Self.seconds(duration)))
    case .list(let values):
      json.beginArray()
      for value in values { value.write(to: &json) }
      json.endArray()
    case .object(let fields):
      json.beginObject()
      for (name, value) in fields {
        json.key(name)
        value.write(to: &json)
      }
      json.endObject()
    }
  }

  func write(to yaml: inout YAMLWriter) {
    switch self {
    case .null: yaml.null()
    case .string(let text): yaml.value(text)
    case .integer(let number), .size(let number): yaml.value(number)
    case .number(let number): yaml.value(Self.rounded(number))
    case .boolean(let yes): yaml.value(yes)
    case .time(let time): yaml.value("\(time)")
    case .duration(let duration): yaml.value(Self.rounded(Self.seconds(duration)))
    case .list(let values):
      yaml.beginSequence()
      for value in values { value.write(to: &yaml) }
      yaml.end()
    case .object(let fields):
      yaml.beginMapping()
      for (name, value) in fields {
        yaml.key(name)
        value.write(to: &yaml)
      }
      yaml.end()
    }
  }

  /// As a table's cell has it.
  var cell: String {
    switch self {
    case .null: "-"
    case .string(let text): CellText.printable(text)
    case .integer(let number): "\(number)"
    case .number(let number): "\(Self.rounded(number))"
    case .boolean(let yes): yes ? "yes" : "no"
    case .time(let time): CellText.time(time)
    case .duration(let duration): CellText.span(duration)
    case .size(let bytes): CellText.size(bytes)
    case .list(let values): values.isEmpty ? "-" : values.map(\.cell).joined(separator: ",")
    case .object(let fields): fields.map { "\($0)=\($1.cell)" }.joined(separator: ",")
    }
  }

  private static func rounded(_ number: Double) -> Double { (number * 1e6).rounded() / 1e6 }

  static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
  }
}
