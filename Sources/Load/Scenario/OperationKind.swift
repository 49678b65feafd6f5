/// What users of a run do.
package enum OperationKind: String, Sendable, CaseIterable {
  /// A message, over HTTP or the socket, as the scenario says.
  case send
  /// A page of a conversation's history, over HTTP.
  case history
  /// The list of conversations, over HTTP.
  case inbox
  /// Says that a conversation is read up to what has come, over the socket.
  case markRead
  /// Says that somebody types, over the socket.
  case typing
  /// A socket that is cut, comes back after a while, and joins its rooms where it left them.
  case reconnect
}
