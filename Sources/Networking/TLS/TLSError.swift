import COpenSSL

/// Why a certificate, a key or an authority cannot be used: which file, what is wrong with it, what to do.
package struct TLSError: Error, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The file is not there, or may not be read.
    case unreadable
    /// The file has no certificate or key in PEM.
    case malformed
    /// The key is encrypted.
    case passphrase
    /// The key is not that of the certificate.
    case mismatch
    case expired, notYetValid
    /// OpenSSL has refused something else.
    case refused
  }

  package var code: Code
  /// The file.
  package var path: String
  package var reason: String
  /// What to do about it.
  package var advice: String

  init(_ code: Code, _ path: String, _ reason: String, _ advice: String) {
    self.code = code
    self.path = path
    self.reason = reason
    self.advice = advice
  }

  package var description: String { "\(path) \(reason); \(advice)" }

  /// What OpenSSL has last complained about on this thread, and nothing of it left behind.
  static func takeReason() -> String {
    let error = ERR_peek_last_error()
    defer { ERR_clear_error() }
    guard error != 0, let text = ERR_reason_error_string(error) else { return "unknown error" }
    return String(cString: text)
  }
}
