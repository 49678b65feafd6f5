/// Why an event that the server emitted was not acknowledged. The client may have acted on it all the same.
package enum AckFailure: String, Error, Sendable, CustomStringConvertible {
  case timedOut = "no acknowledgement in time"
  case disconnected = "the socket disconnected before it acknowledged"
  /// More acknowledgements are awaited from this socket than is allowed.
  case tooMany = "too many acknowledgements are awaited"

  package var isRetriable: Bool { self == .timedOut || self == .tooMany }
  package var description: String { rawValue }
}
