import Commands
import JSON
import Primitives
import YAML

/// Writes records as they come, in one of the formats. A list of any length takes little memory: a table is laid out by its
/// first rows, JSON and YAML are written element by element.
final class RecordWriter {
  /// Rows that a table's columns are laid out by.
  private static let layoutRows = 200

  private let schema: RecordSchema
  private let format: RecordFormat
  private let isList: Bool
  private let output: Output
  private let terminal: Terminal
  /// Whether a table has to fit the terminal.
  private let isFitted: Bool
  /// Places of the fields that are shown.
  private let shown: [Int]
  private let key: Int
  private var table: TextTable
  private var widths: [Int]?
  private(set) var count = 0

  /// - Parameters:
  ///   - fields: as `--fields` has them; none for those of the format.
  ///   - isList: else there is exactly one record.
  ///   - isFitted: whether a table has to fit the terminal; nil where that is what it is written to.
  /// - Throws: a `UsageError` for a field that there is not.
  init(
    _ schema: RecordSchema, format: RecordFormat, fields: [String] = [], isList: Bool = true, output: Output,
    terminal: Terminal, isFitted: Bool? = nil
  ) throws {
    self.schema = schema
    self.format = format
    self.isList = isList
    self.output = output
    self.terminal = terminal
    self.isFitted = isFitted ?? output.data.isTerminal
    key = schema.fields.firstIndex { $0.name == schema.key } ?? 0
    let names = fields.flatMap { $0.split(separator: ",") }.map { String($0.trimmingBlanks()) }.filter { !$0.isEmpty }
    if names.isEmpty {
      shown = schema.fields.indices.filter { format != .table || !schema.fields[$0].isWide }
    } else {
      shown = try names.map { name in
        guard let index = schema.fields.firstIndex(where: { $0.name == name }) else {
          let all = schema.fields.map(\.name)
          throw UsageError(
            .invalidValue,
            "--fields: there is no field '\(name)'"
              + (NearestMatch.of(name, in: all).map { "; did you mean '\($0)'?" }
                ?? "; there are \(all.joined(separator: ", "))"))
        }
        return index
      }
    }
    table = TextTable(shown.map { schema.fields[$0].heading })
  }

  /// Writes a record.
  /// - Parameter values: as many as the schema has fields, in its order.
  func add(_ values: [RecordValue]) throws {
    precondition(values.count == schema.fields.count, "\(schema.kind): as many values as fields")
    count += 1
    switch format {
    case .name: try output.line("\(schema.kind)/\(values[key].cell)")
    case .table, .wide:
      table.add(shown.map { values[$0].cell })
      if table.rows.count >= Self.layoutRows { try writeRows() }
    case .ndjson: try output.data.write(json(values) + "\n")
    case .json:
      let separator = isList ? (count == 1 ? "[\n  " : ",\n  ") : ""
      try output.data.write(separator + json(values))
    case .yaml:
      var yaml = YAMLWriter()
      let record = RecordValue.object(shown.map { (schema.fields[$0].name, values[$0]) })
      if isList {
        yaml.beginSequence()
        record.write(to: &yaml)
        yaml.end()
      } else {
        record.write(to: &yaml)
      }
      try output.data.write(yaml.text.hasSuffix("\n") ? yaml.text : yaml.text + "\n")
    }
  }

  /// Writes what is left. A list without records is an empty one, and a word to people where they would see nothing.
  func finish() throws {
    switch format {
    case .table, .wide:
      if count == 0 { return output.talk("there is no \(schema.kind)") }
      try writeRows()
    case .json: try output.data.write(!isList ? "\n" : count == 0 ? "[]\n" : "\n]\n")
    case .yaml: if isList, count == 0 { try output.data.write("[]\n") }
    case .ndjson, .name: break
    }
    try output.data.flush()
  }

  private func json(_ values: [RecordValue]) -> String {
    var json = JSONWriter(reserving: 512)
    RecordValue.object(shown.map { (schema.fields[$0].name, values[$0]) }).write(to: &json)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  private func writeRows() throws {
    if widths == nil {
      let widths = table.widths(within: isFitted ? terminal.columns : nil)
      self.widths = widths
      try output.data.write(table.headingLine(widths, isStyled: terminal.isStyled))
    }
    try output.data.write(table.lines(widths ?? [], isCut: isFitted))
    table.removeRows()
  }
}
