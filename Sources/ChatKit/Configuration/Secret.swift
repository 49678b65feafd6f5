import Commands
import Glibc

/// Where a secret is kept. It is read when it is needed, and never kept by the configuration.
package struct Secret: Sendable {
  /// What it is: `postgres.password`.
  package let name: String
  /// The file that was named for it.
  package let file: String?
  /// Its name in the folder of systemd's credentials (LoadCredential=, SetCredentialEncrypted=).
  package let credential: String

  /// - Parameter name: as an error calls it.
  package init(name: String, file: String?, credential: String) {
    self.name = name
    self.file = file
    self.credential = credential
  }

  /// The longest secret that is read.
  private static let limit = 64 << 10

  /// The file that is read: the one that was named, else the credential where there is one.
  package func source(credentials: String? = Secret.credentialsFolder) -> String? {
    if let file { return file }
    guard let credentials else { return nil }
    let path = "\(credentials)/\(credential)"
    return access(path, F_OK) == 0 ? path : nil
  }

  /// The secret without the line end that an editor leaves behind it; nil where nobody has named one.
  /// Throws `ConfigurationError`.
  package func read(credentials: String? = Secret.credentialsFolder) throws(ConfigurationError) -> String? {
    guard let path = source(credentials: credentials) else { return nil }
    var bytes = try FileBytes.read(path, limit: Self.limit, what: name)
    while let last = bytes.last, last == 0x0a || last == 0x0d { bytes.removeLast() }
    guard !bytes.isEmpty else { throw ConfigurationError(.invalidInput, "\(name): \(path) is empty") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(.invalidInput, "\(name): \(path) is not UTF-8")
    }
    return text
  }

  /// The secret as the file has it, which need not be a text; nil where nobody has named one.
  /// Throws `ConfigurationError`.
  package func readBytes(credentials: String? = Secret.credentialsFolder) throws(ConfigurationError) -> [UInt8]? {
    guard let path = source(credentials: credentials) else { return nil }
    return try FileBytes.read(path, limit: Self.limit, what: name)
  }

  /// What systemd says to a service with credentials.
  package static var credentialsFolder: String? {
    guard let value = getenv("CREDENTIALS_DIRECTORY") else { return nil }
    let path = String(cString: value)
    return path.isEmpty ? nil : path
  }
}
