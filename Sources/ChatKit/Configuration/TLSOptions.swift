import Commands
package import Networking

/// The certificates of the listeners.
package struct TLSOptions: Sendable {
  package let certificate: String?
  package let key: String?
  /// Shown to those who ask for a name that they have.
  package let more: [TLSFiles]
  package let minimumVersion: TLSVersion
  package let adminAuthorities: String?
  package let handshakeTimeout: Duration
  package let maxHandshakes: Int

  init(_ settings: inout SettingReader) {
    settings.section(
      "tls", "TLS",
      "The certificates of the listeners. The files are read again on SIGHUP: new connections get what is there then, and "
        + "when anything is wrong with a file, what was in force stays.")
    certificate = settings.optional(
      "tls.certificate", .file, defaultText: "no TLS",
      "The certificate, with those that sign it behind it, in PEM. With it HTTPS and wss are spoken, and nothing else.")
    key = settings.optional("tls.key", .file, "The private key of tls.certificate, in PEM and without a passphrase.")
    more = settings.list(
      "tls.more", .tlsFiles, flag: "tls-more",
      "More certificates, each with its key, for clients that ask for a name that they have (SNI).")
    minimumVersion = settings.value(
      "tls.minimumVersion", .choice("VERSION"), default: .v12, "The oldest version of TLS that is spoken.")
    adminAuthorities = settings.optional(
      "tls.adminAuthorities", .file, defaultText: "no certificate is asked for",
      "Certificates of those who sign the certificates of clients of the admin listener. With it nobody without one gets "
        + "in there.")
    handshakeTimeout = settings.value(
      "tls.handshakeTimeout", .duration(.milliseconds(100) ... .seconds(300)), default: .seconds(10),
      "How long a handshake may take.")
    maxHandshakes = settings.value(
      "tls.maxHandshakes", .int(1...1_000_000), default: 4096,
      "Handshakes of one loop at once. One more ends the oldest.")
  }

  /// What a listener shows; nil without TLS. `admin`: the admin listener's.
  /// Throws `ConfigurationError` where one of the two files is missing.
  package func server(admin: Bool = false) throws -> TLSServerConfiguration? {
    guard let certificate, let key else {
      if certificate == nil, key == nil, more.isEmpty, adminAuthorities == nil { return nil }
      let missing = certificate == nil ? "tls.certificate" : "tls.key"
      throw ConfigurationError(
        .usage, "TLS needs a certificate and its key: \(missing) is missing",
        hint: "Give --tls-certificate FILE and --tls-key FILE, or both in the configuration.")
    }
    var configuration = TLSServerConfiguration(files: [TLSFiles(certificate: certificate, key: key)] + more)
    configuration.minimumVersion = minimumVersion
    configuration.handshakeTimeout = handshakeTimeout
    configuration.handshakeLimit = maxHandshakes
    if admin, let adminAuthorities { configuration.clientCertificates = .required(authorities: adminAuthorities) }
    return configuration
  }

  /// The error as it is told to whoever has set this: which setting, what is wrong, what to do.
  package func describe(_ error: TLSError) -> ConfigurationError {
    let setting =
      switch error.path {
      case certificate: "tls.certificate"
      case key: "tls.key"
      case adminAuthorities: "tls.adminAuthorities"
      default: more.contains { [$0.certificate, $0.key].contains(error.path) } ? "tls.more" : "TLS"
      }
    return ConfigurationError(error.code == .unreadable ? .cannotCreate : .invalidInput, "\(setting): \(error)")
  }
}
