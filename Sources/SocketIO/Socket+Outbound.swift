import HTTP

extension Socket {
  /// Bytes that wait for the client, on whichever transport.
  package var outboundCount: Int { connection?.outboundCount ?? 0 }
}

extension EngineIOSession {
  final var outboundCount: Int { (webSocket?.outboundCount ?? 0) + Int(machine.bufferedBytes) }
}
