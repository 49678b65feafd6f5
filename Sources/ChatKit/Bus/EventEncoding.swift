/// How events are written for the bus. Readers take both, whatever is configured, so that a running installation can
/// change it: first every process that reads must know both, then any may write either.
package enum EventEncoding: String, Sendable, CaseIterable {
  /// For eyes and for other people's consumers.
  case json
  /// A tenth shorter. What the gateways say to the rooms is MessagePack too: they copy the data instead of reading it.
  case messagePack = "messagepack"
}
