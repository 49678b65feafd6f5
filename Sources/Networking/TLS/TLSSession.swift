// TLS: a filter within `Connection`, by OpenSSL.
//
// Pattern. OpenSSL never sees the socket. What a connection receives into its loop's buffer is handed to it as memory,
// and what it decrypts of that lies in another buffer of the loop, so that the handler is called once a receive, as
// without TLS. What the connection has to send gathers in its output as without TLS and is encrypted when it is flushed,
// in records as large as there is data for (16 KiB at most), and sent with one system call per 64 KiB. A connection
// without TLS pays one comparison with nil for each receive and each flush.
//
// Concurrency. A session belongs to its connection, so to a loop. Contexts (`TLSServerContext`, `TLSClientContext`) are
// shared by all threads; their certificates are replaced as a whole.
//
// Lifecycle. `secure` before `start` makes the session; `start` begins the handshake; what is written meanwhile waits.
// The handler hears nothing before the handshake is complete; that it has failed is told by `closed`. The peer's
// close_notify is what its FIN is without TLS: it sends no more, we may go on. A FIN without one is a failure, for what
// has arrived may have been cut.
//
// Invariants. Whatever OpenSSL has put out is sent, or waits in `sealed`, before more is encrypted; nothing that has been
// encrypted is lost, for then the peer could not read what follows. After a receive nothing of it is left in `input`.

import COpenSSL
import Glibc
import Synchronization

/// A connection's TLS. On its loop's thread only.
package final class TLSSession {
  enum Role {
    case server(TLSServerContext, TLSServerMaterial)
    case client(TLSClientContext, host: String)
  }

  /// What has become of bytes that were received.
  enum Received {
    case more
    /// The peer sends no more.
    case ended
    case failed(NetworkError)
  }

  private let ssl: OpaquePointer
  private let role: Role
  /// Encrypted, and not taken by the socket.
  private var sealed = OutputBuffer()
  private(set) var hasSentEnd = false
  private var timer: LoopTimer?
  /// The connection lingers, for the peer to read why it is refused.
  var failure: NetworkError?
  unowned(unsafe) var connection: Connection

  // The loop's list of handshakes.
  var younger: TLSSession?
  unowned(unsafe) var older: TLSSession?

  /// The handshake is complete.
  package private(set) var isEstablished = false

  init(server context: TLSServerContext, _ connection: Connection) throws(TLSError) {
    let material = context.current
    guard let ssl = material.makeSSL() else {
      throw TLSError(.refused, "TLS", "cannot be used (\(TLSError.takeReason()))", "check this machine's memory")
    }
    self.ssl = ssl
    role = .server(context, material)
    self.connection = connection
    SSL_set_accept_state(ssl)
  }

  init(client context: TLSClientContext, host: String, _ connection: Connection) throws(TLSError) {
    ssl = try context.makeSSL(host: host)
    role = .client(context, host: host)
    self.connection = connection
    SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
    SSL_set_connect_state(ssl)
  }

  deinit { SSL_free(ssl) }

  // MARK: What has been agreed upon

  /// `TLSv1.2` or `TLSv1.3`.
  package var version: String { String(cString: SSL_get_version(ssl)) }
  package var cipher: String { SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? "" }
  /// The session goes on where an earlier one ended: nobody has shown a certificate.
  package var isResumed: Bool { SSL_session_reused(ssl) == 1 }
  /// The host that the client has asked for (SNI).
  package var serverName: String? { copenssl_server_name(ssl).map { String(cString: $0) } }

  /// What ALPN has chosen.
  package var applicationProtocol: String? {
    var bytes: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(ssl, &bytes, &count)
    guard let bytes, count > 0 else { return nil }
    return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
  }

  /// The subject of the peer's certificate as RFC 2253 writes it: `CN=ops,O=Example`. Nil when the peer has shown none, or
  /// one that was not verified.
  package var peerSubject: String? {
    guard SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0, SSL_get_verify_result(ssl) == X509_V_OK,
      let certificate = SSL_get0_peer_certificate(ssl), let text = copenssl_subject(certificate)
    else { return nil }
    defer { free(text) }
    return String(cString: text)
  }

  /// What the peer has shown, whether it was verified or not; nil when it has shown none. Of a session that was resumed it is
  /// the one of the first handshake.
  package var peerCertificate: TLSCertificate? {
    guard let certificate = SSL_get0_peer_certificate(ssl) else { return nil }
    let text = copenssl_subject(certificate)
    defer { free(text) }
    return TLSCertificate(
      subject: text.map { String(cString: $0) } ?? "", notAfter: Int64(copenssl_not_after(certificate)))
  }

  // MARK: Handshake

  /// Begins, once the connection is on its loop; a client speaks first.
  func begin(on loop: EventLoop, timeout: Duration) {
    guard !isEstablished else { return }
    let timer = loop.timer { [unowned self] in
      connection.fail(NetworkError(.timedOut, operation, reason: "not complete within \(timeout.milliseconds) ms"))
    }
    timer.arm(after: timeout)
    self.timer = timer
    switch role {
    case .server(let context, _):
      if let oldest = loop.tls.begin(self, limit: context.configuration.handshakeLimit) {
        oldest.connection.fail(NetworkError(.overloaded, oldest.operation, reason: "too many are under way"))
      }
    case .client:
      _ = receive(UnsafeRawBufferPointer(start: nil, count: 0), loop.tls)
    }
  }

  private func established() {
    isEstablished = true
    leaveHandshake()
    if case .server(let context, _) = role {
      context.completed.add(1, ordering: .relaxed)
      if isResumed { context.resumed.add(1, ordering: .relaxed) }
    }
  }

  /// The handshake is over, one way or the other.
  func leaveHandshake() {
    guard let timer else { return }
    timer.cancel()
    self.timer = nil
    connection.loop.tls.end(self)
    if !isEstablished, case .server(let context, _) = role { context.failed.add(1, ordering: .relaxed) }
  }

  var isServer: Bool {
    if case .server = role { true } else { false }
  }

  private var operation: String {
    let peer = connection.peer?.description ?? "a peer"
    return switch role {
    case .server: "shake hands by TLS with \(peer)"
    case .client(_, let host): "connect by TLS to \(host) (\(peer))"
    }
  }

  /// A server has given us a session to resume.
  func keep(_ session: OpaquePointer) -> Bool {
    guard case .client(let context, let host) = role else { return false }
    return context.keep(session, host: host)
  }

  /// The peer has closed without a close_notify.
  var unexpectedEnd: NetworkError {
    guard isEstablished else { return NetworkError(.closed, operation, reason: "closed during the handshake") }
    let peer = connection.peer?.description ?? "a peer"
    return NetworkError(.closed, "receive by TLS from \(peer)", reason: "closed without close_notify")
  }

  // MARK: Bytes

  /// Takes what the socket has given. What it says in plain is in `transport.plain`, `plain` bytes of it; what must be
  /// answered waits to be sent.
  func receive(_ input: UnsafeRawBufferPointer, _ transport: TLSTransport) -> (plain: Int, Received) {
    attach(transport)
    transport.bytes.pointee.input = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    transport.bytes.pointee.input_count = input.count
    if !isEstablished {
      let code = SSL_do_handshake(ssl)
      guard code == 1 else {
        return SSL_get_error(ssl, code) == SSL_ERROR_WANT_READ ? (0, .more) : (0, .failed(handshakeError()))
      }
      established()
    }
    var count = 0
    while true {
      var got = 0
      if SSL_read_ex(ssl, transport.plain.baseAddress! + count, transport.plain.count - count, &got) == 1 {
        count += got
        continue
      }
      switch SSL_get_error(ssl, 0) {
      case SSL_ERROR_WANT_READ: return (count, .more)
      case SSL_ERROR_ZERO_RETURN: return (count, .ended)
      default:
        let peer = connection.peer?.description ?? "a peer"
        return (count, .failed(NetworkError(.untrusted, "receive by TLS from \(peer)", reason: TLSError.takeReason())))
      }
    }
  }

  private func attach(_ transport: TLSTransport) {
    copenssl_forget_errors()
    copenssl_attach(ssl, transport.bytes)
  }

  private func handshakeError() -> NetworkError {
    let verified = SSL_get_verify_result(ssl)
    let error = ERR_peek_last_error()
    if copenssl_error_library(error) == ERR_LIB_SSL {
      let known: String? =
        switch copenssl_error_reason(error) {
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
          "the certificate is refused: \(String(cString: X509_verify_cert_error_string(verified)))"
        case SSL_R_HTTP_REQUEST: "the client speaks HTTP without TLS"
        case SSL_R_WRONG_VERSION_NUMBER: "the other side does not speak TLS"
        case SSL_R_UNSUPPORTED_PROTOCOL: "no version of TLS in common"
        default: nil
        }
      if let known {
        ERR_clear_error()
        return NetworkError(.untrusted, operation, reason: known)
      }
    }
    return NetworkError(.untrusted, operation, reason: TLSError.takeReason())
  }

  /// Bytes that are encrypted and not sent.
  var sealedCount: Int { sealed.count }

  /// Encrypts what is in `output` and sends what the socket takes.
  func flush(_ output: inout OutputBuffer, to descriptor: Int32, _ loop: EventLoop) -> OutputBuffer.Flush {
    if !sealed.isEmpty {
      let outcome = sealed.flush(to: descriptor, loop.buffers)
      guard case .done = outcome else { return outcome }
    }
    guard isEstablished else { return .done }
    let transport = loop.tls
    while !output.isEmpty {
      attach(transport)
      let waiting = output.unsent
      var written = 0
      guard SSL_write_ex(ssl, waiting.baseAddress, min(waiting.count, 1 << 16), &written) == 1 else {
        ERR_clear_error()
        return .failed(EPROTO)
      }
      output.consume(written, loop.buffers)
      let outcome = send(to: descriptor, loop)
      guard case .done = outcome else { return outcome }
    }
    return .done
  }

  /// Sends what OpenSSL has put out.
  func send(to descriptor: Int32, _ loop: EventLoop) -> OutputBuffer.Flush {
    let transport = loop.tls.bytes
    let count = transport.pointee.output_count
    guard count > 0, let base = transport.pointee.output else { return sealed.isEmpty ? .done : .blocked }
    transport.pointee.output_count = 0
    return sealed.send(base, count, to: descriptor, loop.buffers)
  }

  /// Puts out the close_notify, once. To be sent.
  func end(_ loop: EventLoop) {
    guard isEstablished, !hasSentEnd else { return }
    hasSentEnd = true
    attach(loop.tls)
    SSL_shutdown(ssl)
    ERR_clear_error()
  }

  func clear(_ loop: EventLoop) { sealed.clear(loop.buffers) }
}
