/// What a value is, without its Swift type.
package struct ValueSchema: Sendable {
  package enum Kind: Sendable, Equatable {
    case string
    case bool
    case integer
    case number
    case duration
    case size
    case file
    case directory
    case address
    case choice([Choice])

    /// For the description in JSON.
    var name: String {
      switch self {
      case .string: "string"
      case .bool: "bool"
      case .integer: "integer"
      case .number: "number"
      case .duration: "duration"
      case .size: "size"
      case .file: "file"
      case .directory: "directory"
      case .address: "address"
      case .choice: "choice"
      }
    }
  }

  package let kind: Kind
  /// What the value is called in usage lines: `DURATION`.
  package let metavariable: String
  /// With its article, and with an example where the form is not plain: `a number from 1 to 256`.
  package let expectation: String
  /// The least and the greatest, as written.
  package let minimum: String?
  package let maximum: String?
  /// What a number counts: `connections`.
  package let unit: String?
  /// The value that a text stands for; nil for what is not valid.
  package let read: @Sendable (String) -> (any Sendable)?
  /// What to say of a value that is not valid instead of quoting it: it may bear a secret, or a common mistake has an
  /// answer of its own. Nil where quoting it and `expectation` say it all.
  package let complaint: (@Sendable (String) -> String?)?
  /// Knows values that only a running program can know.
  package let completer: Completer?

  init(
    _ kind: Kind, _ metavariable: String, expectation: String, minimum: String? = nil, maximum: String? = nil,
    unit: String? = nil, completer: Completer? = nil, complaint: (@Sendable (String) -> String?)? = nil,
    read: @escaping @Sendable (String) -> (any Sendable)?
  ) {
    self.kind = kind
    self.metavariable = metavariable
    self.expectation = expectation
    self.minimum = minimum
    self.maximum = maximum
    self.unit = unit
    self.completer = completer
    self.complaint = complaint
    self.read = read
  }

  package func isValid(_ text: String) -> Bool { read(text) != nil }

  /// The expectation behind a separator, or nothing where any text will do.
  func expectationClause(_ separator: String) -> String { kind == .string && isAnyText ? "" : separator + expectation }

  private var isAnyText: Bool { expectation == Self.anyText }

  /// The expectation of values that can be any text.
  static let anyText = "a text"

  package var choices: [Choice] { if case .choice(let choices) = kind { choices } else { [] } }

  func named(_ metavariable: String, completer: Completer? = nil) -> ValueSchema {
    ValueSchema(
      kind, metavariable, expectation: expectation, minimum: minimum, maximum: maximum, unit: unit,
      completer: completer ?? self.completer, complaint: complaint, read: read)
  }

  // MARK: Flags

  static let bool = ValueSchema(.bool, "BOOL", expectation: "one of true, false") { bool(from: $0) }

  /// What a variable may say of a flag.
  package static func bool(from text: String) -> Bool? {
    switch text.lowercased() {
    case "1", "true", "yes", "on": true
    case "0", "false", "no", "off": false
    default: nil
    }
  }

  static func count(_ range: ClosedRange<Int>) -> ValueSchema {
    ValueSchema(
      .integer, "N", expectation: "a number from \(range.lowerBound) to \(range.upperBound)",
      minimum: "\(range.lowerBound)", maximum: "\(range.upperBound)"
    ) { text in Int(text).flatMap { range.contains($0) ? $0 : nil } }
  }
}
