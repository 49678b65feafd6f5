extension Connection {
  /// Makes this the server's side of a TLS connection. Before `start`.
  package func secure(_ context: TLSServerContext) throws(TLSError) {
    adopt(try TLSSession(server: context, self), timeout: context.configuration.handshakeTimeout)
  }

  /// Makes this the client's side of a TLS connection to `host`, whose name the server's certificate must have. Before
  /// `start`. What fails then is told by `closed`, with a `NetworkError` (untrusted, timedOut).
  package func secure(
    _ context: TLSClientContext, host: String, timeout: Duration = .seconds(10)
  ) throws(TLSError) {
    adopt(try TLSSession(client: context, host: host, self), timeout: timeout)
  }
}
