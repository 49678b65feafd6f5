/// Why something cannot be done with the keys of messages.
package struct KeyError: Error, Equatable, CustomStringConvertible {
  package enum Code: Sendable {
    /// There is none, and there are keys that need it.
    case noMasterKey
    /// It is no key: of another length, or in no known form.
    case unusableMasterKey
    /// The keys are wrapped by another one.
    case wrongMasterKey
    /// What is stored of a key is not what was stored.
    case damaged
    case noSuchKey
    case noSuchWorkspace
    /// Not in this state of the key.
    case wrongState
    /// A live node has not loaded it yet.
    case nodesBehind
    /// Messages need it.
    case inUse
    /// Not yet.
    case tooEarly
  }

  package let code: Code
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }

  /// Whether waiting mends it.
  package var isRetriable: Bool { code == .nodesBehind || code == .tooEarly }
}
