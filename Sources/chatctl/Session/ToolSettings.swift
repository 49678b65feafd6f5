import ChatKit
import Commands

/// What chatctl alone is told, beside chatd's own settings: where a running chatd answers.
struct ToolSettings: Sendable {
  let url: String
  let adminURL: String?
  let token: Secret

  init(_ settings: inout SettingReader) {
    settings.section("", "Connections", "Where a running chatd answers.")
    url = settings.value(
      "url", .string("URL", example: "https://chat.example.com"), default: "http://127.0.0.1:8080", isCommon: true,
      "The HTTP API and Socket.IO of chatd.")
    adminURL = settings.optional(
      "adminURL", .string("URL", example: "http://127.0.0.1:9090"), defaultText: "the embedded folder's socket",
      flag: "admin-url", "The admin listener of chatd, with its metrics and readiness.")
    token = settings.secret("token", "The file with an access token of an admin, for what only the API can do.")
  }

  init(_ invocation: Invocation) {
    var reader = SettingReader { invocation.texts(of: $0) }
    self.init(&reader)
  }

  /// The declarations, in their order.
  static let settings = {
    var reader = SettingReader { _ in nil }
    _ = ToolSettings(&reader)
    return reader.settings
  }()
}
