import COpenSSL
import Glibc
import Synchronization

/// Whom a client believes, and what it shows.
package struct TLSClientConfiguration: Hashable, Sendable {
  /// A file of the authorities to believe; nil: those of the system.
  package var authorities: String?
  /// What the client shows when it is asked.
  package var files: TLSFiles?
  package var minimumVersion = TLSVersion.v12
  /// False: anybody may be at the other end. For tests and for looking at what is broken.
  package var verifies = true
  /// The name that the server's certificate must have, and that is asked for; nil: the host connected to.
  package var serverName: String?
  /// Whether a connection goes on with the session of an earlier one, which spares both sides most of the handshake.
  package var resumes = true
  /// ALPN (RFC 7301). Empty: not offered.
  package var protocols: [String] = []

  package init(authorities: String? = nil) { self.authorities = authorities }
}

/// A client's side of TLS, shared by any number of connections, loops and threads. The files are read at the first use;
/// `load` reads them again.
package final class TLSClientContext: Sendable {
  private struct State: @unchecked Sendable {
    var context: OpaquePointer?
    /// The last session of a server, to be resumed; at most `sessionLimit`.
    var sessions: [String: OpaquePointer] = [:]
  }

  private struct Made: @unchecked Sendable {
    var ssl: OpaquePointer?
  }

  private static let sessionLimit = 256

  package let configuration: TLSClientConfiguration
  private let state = Mutex(State())

  package init(_ configuration: TLSClientConfiguration = TLSClientConfiguration()) {
    self.configuration = configuration
  }

  deinit {
    let state = state.withLock { $0 }
    for session in state.sessions.values { SSL_SESSION_free(session) }
    SSL_CTX_free(state.context)
  }

  /// Reads the files, which blocks, so that what is wrong with them is known now. They are in force from here on, for new
  /// connections; when this throws, what was in force before stays.
  package func load() throws(TLSError) {
    let fresh = try make()
    nonisolated(unsafe) let context = fresh
    let old = state.withLock { state in
      defer { state = State(context: context) }
      return state
    }
    for session in old.sessions.values { SSL_SESSION_free(session) }
    SSL_CTX_free(old.context)
  }

  /// As `load`, on a thread that may block, unless it has been done.
  package func prepare() async throws {
    guard !isLoaded else { return }
    try await WorkerThreads.blocking.run { [self] in try load() }
  }

  private var isLoaded: Bool { state.withLock { $0.context != nil } }

  private func make() throws(TLSError) -> OpaquePointer {
    guard let context = copenssl_new_context(0, configuration.minimumVersion.number) else {
      throw TLSError(.refused, "TLS", "cannot be used (\(TLSError.takeReason()))", "check OpenSSL's setup")
    }
    do throws(TLSError) {
      try fill(context)
    } catch {
      SSL_CTX_free(context)
      throw error
    }
    return context
  }

  private func fill(_ context: OpaquePointer) throws(TLSError) {
    copenssl_refuse_passphrases(context)
    ERR_clear_error()
    if let path = configuration.authorities {
      try TLSFiles.check(path)
      guard SSL_CTX_load_verify_file(context, path) == 1 else {
        throw TLSError(
          .malformed, path, "has no certificate of an authority in PEM (\(TLSError.takeReason()))",
          "give the certificates of those who sign the server's certificate")
      }
    } else if configuration.verifies {
      SSL_CTX_set_default_verify_paths(context)
    }
    if let files = configuration.files { try files.load(into: context) }
    SSL_CTX_set_verify(context, configuration.verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
    let wire = protocolList(configuration.protocols)
    if !wire.isEmpty { SSL_CTX_set_alpn_protos(context, wire, UInt32(wire.count)) }
    SSL_CTX_sess_set_new_cb(context) { ssl, session in
      guard let ssl, let session, let owner = SSL_get_ex_data(ssl, 0) else { return 0 }
      return Unmanaged<TLSSession>.fromOpaque(owner).takeUnretainedValue().keep(session) ? 1 : 0
    }
  }

  /// A new client's side of a connection to `host`.
  func makeSSL(host: String) throws(TLSError) -> OpaquePointer {
    if !isLoaded { try load() }
    let name = configuration.serverName ?? host
    let made = state.withLock { state in
      let ssl = state.context.flatMap { copenssl_new($0, TLSTransport.method) }
      if let ssl, configuration.resumes, let session = state.sessions[name] { SSL_set_session(ssl, session) }
      return Made(ssl: ssl)
    }
    guard let ssl = made.ssl else {
      throw TLSError(.refused, "TLS", "cannot be used (\(TLSError.takeReason()))", "check this machine's memory")
    }
    let isLiteral = SocketAddress(literal: name, port: 0) != nil
    if !isLiteral { copenssl_set_server_name(ssl, name) }
    if configuration.verifies {
      SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
      // A Unix socket's path is no name that a certificate could have: then it must be given.
      let isSet = isLiteral ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) : SSL_set1_host(ssl, name)
      guard isSet == 1 else {
        SSL_free(ssl)
        throw TLSError(.refused, name, "is no name that a certificate can have", "give the server's name")
      }
    }
    return ssl
  }

  /// Keeps a session, of which this gets the reference, to resume it.
  func keep(_ session: OpaquePointer, host: String) -> Bool {
    let name = configuration.serverName ?? host
    nonisolated(unsafe) let session = session
    return state.withLock { state in
      if state.sessions[name] == nil, state.sessions.count >= Self.sessionLimit { return false }
      SSL_SESSION_free(state.sessions.updateValue(session, forKey: name))
      return true
    }
  }
}
