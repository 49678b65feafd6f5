import JSON
import Primitives

/// A row of an import: what an object in JSON or a line of CSV says, understood and checked.
package protocol ImportRow: Sendable {
  associatedtype Field: RawRepresentable<String> & CaseIterable & Hashable & Sendable

  /// The field that every row has.
  static var identifier: Field { get }
  /// Those that may be lists: in JSON of texts, else separated by spaces, commas or semicolons.
  static var lists: Set<Field> { get }
  /// Those that may be numbers, or true and false, in JSON.
  static var scalars: Set<Field> { get }

  /// An empty text is as good as none. Throws `ChatError` invalidRequest.
  init(_ values: [Field: String]) throws
}

extension ImportRow {
  package static var lists: Set<Field> { [] }
  package static var scalars: Set<Field> { [] }

  /// Of an object in JSON. Throws `ChatError` invalidRequest.
  package init(json bytes: ArraySlice<UInt8>) throws {
    guard let root = try? JSONDocument(parsing: Array(bytes)).root, let members = root.object else {
      throw ChatError(.invalidRequest, "this is no object in JSON")
    }
    var values: [Field: String] = [:]
    for member in members {
      let field = try Self.field(member.key)
      if member.value.isNull { continue }
      values[field] = try Self.text(member.value, of: field)
    }
    try self.init(values)
  }

  private static func text(_ value: JSONValue, of field: Field) throws -> String {
    if let text = value.string { return text }
    if scalars.contains(field) {
      if let flag = value.bool { return flag ? "true" : "false" }
      if let number = value.int { return "\(number)" }
    }
    if lists.contains(field), let elements = value.array {
      let texts = elements.compactMap(\.string)
      if texts.count == elements.count { return texts.joined(separator: " ") }
      throw ChatError(.invalidRequest, "\(field.rawValue) is not a list of texts")
    }
    throw ChatError(.invalidRequest, "\(field.rawValue) is not a text")
  }

  /// Throws `ChatError` invalidRequest: there is no such field.
  package static func field(_ name: String) throws -> Field {
    if let field = Field(rawValue: name) { return field }
    let names = Field.allCases.map(\.rawValue)
    throw ChatError(
      .invalidRequest,
      "there is no field '\(name)'"
        + (NearestMatch.of(name, in: names).map { "; did you mean '\($0)'?" }
          ?? "; there are \(names.joined(separator: ", "))"))
  }

  /// The elements of a list.
  static func elements(_ text: String?) -> [String] {
    (text ?? "").split { $0 == " " || $0 == "," || $0 == ";" || $0 == "\n" || $0 == "\t" }.map(String.init)
  }
}
