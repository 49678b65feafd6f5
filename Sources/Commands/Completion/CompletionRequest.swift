/// A command line that is being typed: `prog __complete WORDS…`, where the last word is the one at the cursor.
///
/// The shells' functions call that for values that only the program knows; candidates come back one a line, each with a
/// tab and a few words where it has them.
package struct CompletionRequest: Sendable {
  /// Without the program's name; the last one may be empty.
  package let words: [String]
  /// The part of the value that is typed already.
  package internal(set) var prefix = ""
  /// The texts given so far, by the parameters' names. Not checked.
  var given: [String: [String]] = [:]

  package init(_ words: [String]) { self.words = words.isEmpty ? [""] : words }

  /// A value that has been typed before, if it is valid.
  package subscript<Key: ParameterKey>(key: Key) -> Key.Value? {
    let parameter = key.parameter
    guard let texts = given[parameter.name] else { return key.value(of: nil) }
    return texts.allSatisfy(parameter.schema.isValid) ? key.value(of: texts) : nil
  }

  /// What was typed for a parameter, whatever it is; nil for nothing.
  package func texts(of parameter: Parameter) -> [String]? { given[parameter.name] }
}
