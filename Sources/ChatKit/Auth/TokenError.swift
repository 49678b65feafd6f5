/// Why a token was not accepted, or a key cannot be used. Trying again with the same token does not help; after `expired`
/// a refreshed one does.
package struct TokenError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case malformed, unknownKey, wrongAlgorithm, wrongSignature, expired, notYetValid, wrongIssuer, wrongAudience
    /// The key itself: too short, not RSA, without its private part, two with one name.
    case unusableKey
  }

  package let code: Code
  /// Complete with "The token is not valid: …"; says nothing that is secret.
  package let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
