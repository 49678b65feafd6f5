/// Thrown by a namespace's `onConnect`: the client gets a CONNECT_ERROR and does not try again by itself.
package struct ConnectRefusal: Error, Sendable, CustomStringConvertible {
  /// What the client sees as `error.message`.
  package var message: String
  /// What it sees as `error.data`: one JSON value.
  package var data: [UInt8]?

  package init(_ message: String, data: [UInt8]? = nil) {
    self.message = message
    self.data = data
  }

  /// Exactly what clients expect for a namespace that does not exist.
  static let invalidNamespace = ConnectRefusal("Invalid namespace")

  package var description: String { message }
}
