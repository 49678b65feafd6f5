/// A parameter's value in a program's configuration.
package struct ContextValue: Sendable {
  package let texts: [String]
  /// Where it stands, for messages: `config.yaml:3:5`.
  package let origin: String

  package init(_ texts: [String], origin: String) {
    self.texts = texts
    self.origin = origin
  }
}
