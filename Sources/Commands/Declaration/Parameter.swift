/// An option, flag or argument without its Swift type: what parsing, help and completions need of it.
package struct Parameter: Sendable {
  package enum Shape: Sendable, Equatable {
    /// `--name VALUE`
    case option
    /// `--name`, and `--no-name` if invertible
    case flag(isInvertible: Bool)
    /// `-v`, `-vv`, `-vvv`
    case count(most: Int)
    /// a word by its place
    case argument
  }

  /// How often it may or must be given.
  package struct Arity: Sendable, Equatable {
    package let least: Int
    package let most: Int

    package static let optional = Arity(least: 0, most: 1)
    package static let required = Arity(least: 1, most: 1)
    package static func repeated(_ range: ClosedRange<Int>) -> Arity {
      Arity(least: range.lowerBound, most: range.upperBound)
    }
  }

  /// The long name without dashes, or an argument's name. Unique among a command's and its parents' parameters.
  package let name: String
  package let short: Character?
  package let shape: Shape
  package let arity: Arity
  package let schema: ValueSchema
  /// One or two sentences; the first begins with a capital letter, the last ends with a full stop.
  package let help: String
  /// The heading under which help lists it.
  package let group: String?
  /// The variable that it is read from when the command line is silent.
  package let environment: String?
  /// The default in words, for help.
  package let defaultText: String?
  /// Former long names: understood, with a warning.
  package let deprecatedNames: [String]
  package let isHidden: Bool
  /// Left out of --help, which says how many there are; manual pages, completions and suggestions have it.
  package var isRare = false
  /// Of the program as a whole: the help of its commands has no more than the name.
  package var isGlobal = false

  /// The same parameter in another program's help.
  /// - Parameter help: what it means there, where that is something else.
  package func placed(
    in group: String, help: String? = nil, defaultText: String?, isHidden: Bool, isRare: Bool
  ) -> Parameter {
    var parameter = Parameter(
      name: name, short: short, shape: shape, arity: arity, schema: schema, help: help ?? self.help, group: group,
      environment: environment, defaultText: defaultText, deprecatedNames: deprecatedNames, isHidden: isHidden)
    parameter.isRare = isRare
    return parameter
  }

  /// The same parameter, declared as one of the program as a whole.
  package var asGlobal: Parameter {
    var parameter = self
    parameter.isGlobal = true
    return parameter
  }

  /// As a message calls it: `--name` or `NAME`.
  package var title: String { shape == .argument ? schema.metavariable : "--\(name)" }

  package var isRepeated: Bool { arity.most > 1 }
  package var isRequired: Bool { arity.least > 0 }
  package var takesValue: Bool { shape == .option || shape == .argument }
  var isInvertible: Bool { shape == .flag(isInvertible: true) }
}
