/// What a client must not send; each closes its transport.
package enum SocketIOProtocolError: String, Error, Sendable, CustomStringConvertible {
  case unknownType = "unknown packet type"
  case badAttachmentCount = "bad attachment count"
  case tooManyAttachments = "too many attachments"
  case badPlaceholder = "placeholder without an attachment"
  case badNamespace = "bad namespace"
  case badAcknowledgement = "bad acknowledgement id"
  case badPayload = "invalid payload"
  case textAmidAttachments = "text while attachments are pending"
  case strayBinary = "binary without an event"
  case alreadyConnected = "namespace joined already"
  case tooManyNamespaces = "too many namespaces"
  case notConnected = "namespace not joined"
  case tooEarly = "too much before the namespace has answered"

  /// The same packet will fail again.
  package var isRetriable: Bool { false }
  package var description: String { rawValue }
}
