/// What is wrong with a file, where, and what should stand there. Trying again does not help: the file must change.
package struct YAMLError: Error, Hashable, Sendable {
  package enum Code: String, Sendable {
    /// Not UTF-8, or a character that YAML does not allow.
    case encoding
    /// Not YAML.
    case syntax
    /// YAML, but of a kind that is refused here: foreign tags, merge keys, keys that are not scalars.
    case unsupported
    /// Larger, deeper or more than `YAMLLimits` allows.
    case limit
    /// No document where one is needed, or more than one.
    case documentCount
    case duplicateKey
    case unknownKey
    case missingKey
    /// A value of another type.
    case typeMismatch
    /// A value of the right type that is not allowed.
    case invalidValue
  }

  package let code: Code
  /// The file's name, as the caller gave it.
  package let file: String
  package let mark: YAMLMark
  /// What is wrong, in a few words without a full stop.
  package let message: String
  /// The word that was probably meant.
  package let suggestion: String?

  package init(_ code: Code, file: String, mark: YAMLMark, _ message: String, suggestion: String? = nil) {
    self.code = code
    self.file = file
    self.mark = mark
    self.message = message
    self.suggestion = suggestion
  }
}

extension YAMLError: CustomStringConvertible {
  /// `file:line:column: message; did you mean 'x'?`
  package var description: String {
    "\(file):\(mark): \(message)" + (suggestion.map { "; did you mean '\($0)'?" } ?? "")
  }
}
