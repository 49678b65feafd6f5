/// A declared parameter as the key to its value: `invocation[key]`.
package protocol ParameterKey<Value>: Sendable {
  /// What is read with it.
  associatedtype Value: Sendable
  var parameter: Parameter { get }
  /// The value of what was said; nil texts mean that nobody said anything. Nil for what is not valid, which parsing has
  /// refused before.
  func value(of texts: [String]?) -> Value?
}
