package import JSON
package import YAML

/// A part of a state: what a manifest says, or what there is, in the same form.
package enum ManifestValue: Sendable, Equatable {
  case null
  case string(String)
  case integer(Int)
  case boolean(Bool)
  case list([ManifestValue])
  /// In the order of the declaration.
  case object([Field])

  package struct Field: Sendable, Equatable {
    package let name: String
    package let value: ManifestValue

    package init(_ name: String, _ value: ManifestValue) {
      self.name = name
      self.value = value
    }
  }

  package static let empty = ManifestValue.object([])

  /// An object of the fields that are not nil.
  package static func fields(_ fields: [(String, ManifestValue?)]) -> ManifestValue {
    .object(fields.compactMap { name, value in value.map { Field(name, $0) } })
  }

  // MARK: Reading

  package subscript(name: String) -> ManifestValue? { fields?.first { $0.name == name }?.value }

  package var fields: [Field]? { if case .object(let fields) = self { fields } else { nil } }
  package var elements: [ManifestValue]? { if case .list(let elements) = self { elements } else { nil } }
  package var string: String? { if case .string(let text) = self { text } else { nil } }
  package var integer: Int? { if case .integer(let number) = self { number } else { nil } }
  package var boolean: Bool? { if case .boolean(let yes) = self { yes } else { nil } }

  /// The same with a field set.
  package func setting(_ name: String, _ value: ManifestValue) -> ManifestValue {
    guard var fields else { return self }
    if let index = fields.firstIndex(where: { $0.name == name }) {
      fields[index] = Field(name, value)
    } else {
      fields.append(Field(name, value))
    }
    return .object(fields)
  }

  // MARK: Writing

  /// On one line, for people.
  package var text: String {
    switch self {
    case .null: "-"
    case .string(let text): text
    case .integer(let number): "\(number)"
    case .boolean(let yes): yes ? "true" : "false"
    case .list(let elements): elements.isEmpty ? "none" : elements.map(\.text).joined(separator: ", ")
    case .object(let fields): fields.map { "\($0.name)=\($0.value.text)" }.joined(separator: " ")
    }
  }

  /// - Parameter isSorted: fields by name, so that equal states are equal bytes.
  package func write(to json: inout JSONWriter, isSorted: Bool = false) {
    switch self {
    case .null: json.null()
    case .string(let text): json.value(text)
    case .integer(let number): json.value(number)
    case .boolean(let yes): json.value(yes)
    case .list(let elements):
      json.beginArray()
      for element in elements { element.write(to: &json, isSorted: isSorted) }
      json.endArray()
    case .object(let fields):
      json.beginObject()
      for field in isSorted ? fields.sorted(by: { $0.name < $1.name }) : fields {
        json.key(field.name)
        field.value.write(to: &json, isSorted: isSorted)
      }
      json.endObject()
    }
  }

  package func write(to yaml: inout YAMLWriter) {
    switch self {
    case .null: yaml.null()
    case .string(let text): yaml.value(text)
    case .integer(let number): yaml.value(number)
    case .boolean(let yes): yaml.value(yes)
    case .list(let elements):
      yaml.beginSequence()
      for element in elements { element.write(to: &yaml) }
      yaml.end()
    case .object(let fields):
      yaml.beginMapping()
      for field in fields {
        yaml.key(field.name)
        field.value.write(to: &yaml)
      }
      yaml.end()
    }
  }

  package init(_ json: JSONValue) {
    if let elements = json.array {
      self = .list(elements.map { ManifestValue($0) })
    } else if let members = json.object {
      self = .object(members.map { Field($0.key, ManifestValue($0.value)) })
    } else if let text = json.string {
      self = .string(text)
    } else if let yes = json.bool {
      self = .boolean(yes)
    } else if let number = json.int {
      self = .integer(number)
    } else {
      self = .null
    }
  }
}
