import Commands

/// Which conversations are encrypted, and where the master key is.
package struct EncryptionOptions: Sendable {
  package enum Mode: String, Sendable, CaseIterable {
    /// None that begins from now on.
    case off
    /// Those that are begun with `encrypted: true`.
    case conversation
    /// All that begin from now on.
    case all
  }

  package let mode: Mode
  package let masterKey: Secret

  init(_ settings: inout SettingReader) {
    settings.section(
      "encryption", "Encryption",
      "Bodies of messages that are encrypted in the database and on the bus. A conversation is encrypted from its beginning, "
        + "or never. Every process of an installation needs the same; see docs/ENCRYPTION.md.")
    mode = settings.value(
      "encryption.mode", .choice("MODE"), default: .off,
      "Which conversations that begin from now on are encrypted: off, conversation for those that ask for it, or all.")
    masterKey = settings.secret(
      "encryption.masterKey",
      "The file with the master key, which wraps the keys of messages: 32 bytes, as they are, in hexadecimal or in base 64. Without it master.key in the folder of the secrets, which is made when it is needed for the first time."
    )
  }

  /// The master key whose file is named; nil where none is. Throws `ConfigurationError`, `KeyError`.
  package func namedMasterKey() throws -> MasterKey? {
    guard let path = masterKey.source() else { return nil }
    return try masterKey.readBytes().map { try MasterKey(file: $0, source: "encryption.masterKey: \(path)") }
  }
}
