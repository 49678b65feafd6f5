import CLinux
import COpenSSL
import Glibc

/// A certificate with its chain, and its private key, both in PEM.
package struct TLSFiles: Hashable, Sendable {
  package var certificate: String
  package var key: String

  package init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }

  /// Puts both into `context`. Throws unless they belong together and are valid now.
  func load(into context: OpaquePointer) throws(TLSError) {
    ERR_clear_error()
    try TLSFiles.check(certificate)
    guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1, let leaf = SSL_CTX_get0_certificate(context)
    else {
      throw TLSError(
        .malformed, certificate, "is no certificate in PEM (\(TLSError.takeReason()))",
        "it must have the certificate first, then those that sign it")
    }
    switch copenssl_validity(leaf) {
    case 0: break
    case 1:
      throw TLSError(.expired, certificate, "expired on \(TLSFiles.date(copenssl_not_after(leaf)))", "renew it")
    default: throw TLSError(.notYetValid, certificate, "is not valid yet", "check this machine's clock")
    }
    try TLSFiles.check(key)
    guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else { throw keyError() }
    // A key of another kind than the certificate's has been put beside it.
    guard SSL_CTX_check_private_key(context) == 1 else { throw mismatch }
  }

  private func keyError() -> TLSError {
    let error = ERR_peek_last_error()
    let isMismatch =
      copenssl_error_library(error) == ERR_LIB_X509
      && [X509_R_KEY_VALUES_MISMATCH, X509_R_KEY_TYPE_MISMATCH].contains(copenssl_error_reason(error))
    if isMismatch { return mismatch }
    let isEncrypted = TLSFiles.isEncrypted(key)
    let reason = TLSError.takeReason()
    if isEncrypted {
      return TLSError(
        .passphrase, key, "is encrypted", "decrypt it with: openssl pkey -in \(key) -out PLAIN, readable by chatd alone"
      )
    }
    return TLSError(.malformed, key, "is no private key in PEM (\(reason))", "give the certificate's private key")
  }

  private var mismatch: TLSError {
    ERR_clear_error()
    return TLSError(
      .mismatch, key, "is not the key of \(certificate)", "give the key that the certificate was requested with")
  }

  /// Says in the system's words why a file cannot be read, which OpenSSL does in its own.
  static func check(_ path: String) throws(TLSError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let error = errno
      let advice =
        error == EACCES ? "let the account that chatd runs as read it" : "correct the path, or put the file there"
      throw TLSError(.unreadable, path, "cannot be read: \(String(cString: strerror(error)))", advice)
    }
    var status = stat()
    let isDirectory = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    close(descriptor)
    if isDirectory { throw TLSError(.unreadable, path, "is a folder", "give the file") }
  }

  /// OpenSSL says no more than that it has found no key.
  private static func isEncrypted(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 16 << 10)
    let count = read(descriptor, &bytes, bytes.count)
    return count > 0 && String(decoding: bytes[..<count], as: UTF8.self).contains("ENCRYPTED")
  }

  private static func date(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    gmtime_r(&time, &parts)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
  }
}
