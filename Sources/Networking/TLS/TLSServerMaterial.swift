import COpenSSL
import Glibc

/// What was read from a listener's files at one time: an OpenSSL context for each certificate, and whose it is. Never
/// changed, so that a handshake which has begun with it ends with it; freed with its last connection.
final class TLSServerMaterial: @unchecked Sendable {
  private var contexts: [OpaquePointer] = []
  /// Where the context is of a name; in lower case.
  private var names: [String: Int] = [:]
  /// The same for `*.example.org`, under `example.org`.
  private var wildcards: [String: Int] = [:]
  /// Length-prefixed and zero-terminated, as the selection callback wants them.
  private let protocols: UnsafeMutablePointer<UInt8>
  private let tickets: TLSTicketKeys
  private(set) var expiry = Int64.max

  init(_ configuration: TLSServerConfiguration, _ tickets: TLSTicketKeys) throws(TLSError) {
    self.tickets = tickets
    let wire = protocolList(configuration.protocols) + [0]
    protocols = .allocate(capacity: wire.count)
    protocols.initialize(from: wire, count: wire.count)
    for files in configuration.files {
      guard let context = copenssl_new_context(1, configuration.minimumVersion.number) else {
        throw TLSError(
          .refused, files.certificate, "cannot be used (\(TLSError.takeReason()))", "check OpenSSL's setup")
      }
      contexts.append(context)
      copenssl_refuse_passphrases(context)
      try files.load(into: context)
      try ask(configuration.clientCertificates, context)
      if configuration.protocols.count > 0 { copenssl_offer_protocols(context, protocols) }
      SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(tickets).toOpaque())
      copenssl_on_ticket(context) { ssl, name, iv, cipher, mac, isEncrypting in
        guard let ssl, let keys = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0), let name, let iv else { return -1 }
        // A ticket of TLS 1.3 is for one use (RFC 8446, C.4).
        return Unmanaged<TLSTicketKeys>.fromOpaque(keys).takeUnretainedValue()
          .ready(name, iv, cipher, mac, isEncrypting: isEncrypting == 1, renews: SSL_version(ssl) != TLS1_2_VERSION)
      }
      learnNames(of: context)
    }
    guard let first = contexts.first else {
      throw TLSError(.refused, "TLS", "has no certificate", "give a certificate and its key")
    }
    // The default's callbacks are those that run, whichever certificate is chosen.
    copenssl_on_server_name(
      first,
      { ssl, _, material in
        guard let ssl, let material, let name = copenssl_server_name(ssl) else { return SSL_TLSEXT_ERR_NOACK }
        Unmanaged<TLSServerMaterial>.fromOpaque(material).takeUnretainedValue().choose(ssl, String(cString: name))
        return SSL_TLSEXT_ERR_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit {
    for context in contexts { SSL_CTX_free(context) }
    protocols.deallocate()
  }

  /// A new server's side of a connection; nil when there is no memory.
  func makeSSL() -> OpaquePointer? { copenssl_new(contexts[0], TLSTransport.method) }

  private func ask(_ clients: TLSServerConfiguration.ClientCertificates, _ context: OpaquePointer) throws(TLSError) {
    guard let path = clients.authorities else { return }
    try TLSFiles.check(path)
    ERR_clear_error()
    guard SSL_CTX_load_verify_file(context, path) == 1, let list = SSL_load_client_CA_file(path) else {
      throw TLSError(
        .malformed, path, "has no certificate of an authority in PEM (\(TLSError.takeReason()))",
        "give the certificates of those who sign clients' certificates")
    }
    SSL_CTX_set_client_CA_list(context, list)
    var mode = SSL_VERIFY_PEER
    if case .required = clients { mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT }
    SSL_CTX_set_verify(context, mode, nil)
    // A resumed session is not verified again: an authority that is withdrawn must count from the next connect.
    copenssl_forbid_resumption(context)
  }

  private func learnNames(of context: OpaquePointer) {
    guard let certificate = SSL_CTX_get0_certificate(context) else { return }
    expiry = min(expiry, copenssl_not_after(certificate))
    final class Found { var names: [String] = [] }
    let found = Found()
    withExtendedLifetime(found) {
      copenssl_each_name(
        certificate,
        { name, count, found in
          guard let name, let found, count > 0 else { return }
          let bytes = UnsafeRawBufferPointer(start: name, count: Int(count))
          Unmanaged<Found>.fromOpaque(found).takeUnretainedValue().names.append(String(decoding: bytes, as: UTF8.self))
        }, Unmanaged.passUnretained(found).toOpaque())
    }
    let index = contexts.count - 1
    for name in found.names.map({ $0.lowercased() }) {
      if name.hasPrefix("*.") {
        let suffix = String(name.dropFirst(2))
        if wildcards[suffix] == nil { wildcards[suffix] = index }
      } else if names[name] == nil {
        names[name] = index
      }
    }
  }

  private func choose(_ ssl: OpaquePointer, _ asked: String) {
    let name = asked.lowercased()
    var index = names[name]
    if index == nil, let dot = name.firstIndex(of: ".") { index = wildcards[String(name[name.index(after: dot)...])] }
    if let index, index > 0 { SSL_set_SSL_CTX(ssl, contexts[index]) }
  }
}
