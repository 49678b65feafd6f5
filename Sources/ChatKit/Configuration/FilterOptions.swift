import Commands

/// What is refused or masked in messages.
package struct FilterOptions: Sendable {
  package let words: String?
  package let action: WordList.Action
  package let url: String?
  package let secret: Secret
  package let timeout: Duration
  package let allowsPrivate: Bool
  package let authorities: String?

  init(_ settings: inout SettingReader) {
    settings.section(
      "filter", "Filter",
      "What is refused or masked in messages and their edits, before they are stored and encrypted; see docs/MODERATION.md."
    )
    words = settings.optional(
      "filter.words", .file, isReloadable: true,
      "A file of words and phrases, one a line, '= mask' or '= refuse' behind it. SIGHUP reads it again.")
    action = settings.value(
      "filter.action", .choice("ACTION"), default: .refuse, isReloadable: true,
      "What becomes of a message with one of these words, where its line does not say: refuse or mask.")
    url = settings.optional(
      "filter.url", .string("URL", example: "https://filter.example/chatd"), defaultText: "nobody is asked",
      "A server that is asked about each message. What it does not answer in time passes, and is counted.")
    secret = settings.secret("filter.secret", "The file with the secret that these questions are signed with.")
    timeout = settings.value(
      "filter.timeout", .duration(.milliseconds(10) ... .seconds(10)), default: .seconds(1),
      "How long that server may take; senders wait for it.")
    allowsPrivate = settings.flag(
      "filter.allowPrivate", default: false, "Whether that server may be on this machine or in a private network.")
    authorities = settings.optional(
      "filter.caFile", .file, defaultText: "the system's",
      "Certificates of the authorities, PEM, that this server is known by.")
  }

  /// The words as their file has them now; blocks. Throws `ConfigurationError`.
  package func readWords() throws(ConfigurationError) -> WordList {
    guard let path = words else { return .empty }
    let bytes = try FileBytes.read(path, limit: WordList.Limits.server.bytes, what: "filter.words")
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(.invalidInput, "filter.words: \(path) is not UTF-8")
    }
    do throws(WordList.Problem) {
      return try WordList(parsing: text, action: action)
    } catch {
      throw ConfigurationError(.invalidInput, "filter.words: \(path):\(error.line): \(error.reason)")
    }
  }
}
