/// What a command answers with: records of one kind, whose fields are named once. Tables, JSON, YAML, `--fields`, help and
/// manual follow from it; fields may be added to it, and none is renamed or removed.
package struct RecordSchema: Sendable {
  /// How a field's value is written in JSON.
  package enum Kind: String, Sendable {
    case string
    case integer
    case number
    case boolean
    /// A string of RFC 3339.
    case time
    /// A number of seconds.
    case duration
    /// A number of bytes.
    case size
    case list
    case object
  }

  package struct Field: Sendable {
    /// As JSON has it: `lastSeen`.
    package let name: String
    package let kind: Kind
    /// A few words without a full stop.
    package let help: String
    /// Whether only `-o wide` shows it in a table.
    package let isWide: Bool

    /// A string.
    package init(_ name: String, wide isWide: Bool = false, _ help: String) {
      self.init(name, .string, wide: isWide, help)
    }

    package init(_ name: String, _ kind: Kind, wide isWide: Bool = false, _ help: String) {
      self.name = name
      self.kind = kind
      self.help = help
      self.isWide = isWide
    }

    /// `lastSeen` over a column: `LAST SEEN`.
    package var heading: String {
      var heading = ""
      for character in name {
        if character.isUppercase, let last = heading.last, !last.isUppercase { heading += " " }
        heading.append(character)
      }
      return heading.uppercased()
    }
  }

  /// `user`: what `-o name` writes before the slash.
  package let kind: String
  /// The field that names a record, for `-o name`.
  package let key: String
  /// In the order of the columns.
  package let fields: [Field]

  /// - Parameter key: one of the fields; the first when nil.
  package init(_ kind: String, key: String? = nil, _ fields: [Field]) {
    self.kind = kind
    self.fields = fields
    self.key = key ?? fields[0].name
  }
}
