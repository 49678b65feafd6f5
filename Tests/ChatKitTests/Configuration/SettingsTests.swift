import ChatKit
import Commands
import Networking
import TestSupport
import Testing

@Suite("Settings")
struct SettingsTests {
  private static let root = #filePath.split(separator: "/").dropLast(4).reduce(into: "") { $0 += "/\($1)" }

  @Test("the declarations are sound: no name twice, and each default valid")
  func sound() {
    let settings = ServerOptions.settings
    #expect(Set(settings.map(\.path)).count == settings.count)
    #expect(Set(settings.map(\.parameter.name)).count == settings.count)
    #expect(Set(settings.map(\.environment)).count == settings.count)
    #expect(Tool.program.problems == [])
    for setting in settings {
      for text in setting.defaultTexts ?? [] {
        #expect(setting.parameter.schema.isValid(text), "\(setting.path): \(text)")
      }
      #expect(ServerOptions.sections.contains { $0.path == setting.section }, "\(setting.path) has no section")
      #expect(setting.parameter.help.hasSuffix("."), "\(setting.path)")
    }
  }

  @Test("names follow from the path")
  func names() throws {
    func setting(_ path: String) throws -> Setting {
      try #require(ServerOptions.settings.first { $0.path == path })
    }
    let idle = try setting("http.idleTimeout")
    #expect(idle.parameter.name == "http-idle-timeout")
    #expect(idle.environment == "CHATD_HTTP_IDLE_TIMEOUT")
    #expect(idle.section == "http" && idle.key == "idleTimeout")
    #expect(try setting("http.listen").environment == "CHATD_LISTEN")
    let password = try setting("postgres.passwordFile")
    #expect(password.environment == "CHATD_POSTGRES_PASSWORD_FILE")
    #expect(password.credential == "postgres-password")
  }

  @Test("option over variable over file over default")
  func precedence() throws {
    let text = "apiVersion: chatd/v1\nkind: Server\nspec: {loops: 2, http: {idleTimeout: 2s, corsOrigins: ['*']}}\n"
    let file = try ServerFile(Array(text.utf8), file: "c.yaml")
    func options(_ arguments: [String] = [], _ environment: [String: String] = [:]) throws -> ServerOptions {
      try Tool.options(arguments, environment: environment, file: file)
    }
    #expect(try Tool.options().loops == nil)
    #expect(try Tool.options().http.idleTimeout == .seconds(60))
    #expect(try options().loops == 2)
    #expect(try options([], ["CHATD_LOOPS": "3"]).loops == 3)
    #expect(try options([], ["CHATD_LOOPS": ""]).loops == 2)
    #expect(try options(["--loops", "4"], ["CHATD_LOOPS": "3"]).loops == 4)
    #expect(try options(["--http-idle-timeout=5s"]).http.idleTimeout == .seconds(5))
    #expect(try options().http.corsOrigins == ["*"])
    let list = "https://a.example, https://b.example"
    #expect(try options([], ["CHATD_HTTP_CORS_ORIGINS": list]).http.corsOrigins.count == 2)
    #expect(try Tool.options(["--no-sockets-polling"]).sockets.polling == false)
    #expect(try Tool.options([], environment: ["CHATD_SOCKETS_POLLING": "off"]).sockets.polling == false)
    #expect(ServerOptions.defaults.http.listen == SocketAddress(.v4(0), port: 8080))
  }

  @Test("a password on the command line or in a variable is refused without being quoted")
  func passwords() {
    for (arguments, environment) in [
      (["--postgres", "postgresql://ann:hunter2@db"], [:]), ([], ["CHATD_REDIS": "redis://:hunter2@cache"]),
    ] {
      let error = #expect(throws: UsageError.self) { try Tool.options(arguments, environment: environment) }
      #expect(error?.message.contains("has a password in it") == true)
      #expect(error?.message.contains("hunter2") == false)
    }
  }

  @Test("defaults go together, and what does not is told with the settings' paths")
  func conflicts() throws {
    #expect(ServerOptions.defaults.conflicts == [])
    let options = try Tool.options(["--sockets-max-payload", "8MiB", "--accounts-access-token-lifetime", "1d"])
    #expect(options.conflicts.map(\.paths) == [["sockets.maxPayload", "http.maxBody"]])
    let tokens = ["--accounts-access-token-lifetime", "1d", "--accounts-refresh-token-lifetime", "1h"]
    #expect(try Tool.options(tokens).conflicts.count == 1)
  }

  @Test("docs/CONFIGURATION.md is what the declarations say")
  func reference() throws {
    let kept = try FileText.read("\(Self.root)/docs/CONFIGURATION.md")
    #expect(ConfigurationReference.markdown == kept, "docs/CONFIGURATION.md is stale: make docs")
  }

  @Test("manifests/chatd.yaml is valid, and its comments name settings and defaults that exist")
  func sample() throws {
    let path = "\(Self.root)/manifests/chatd.yaml"
    _ = try ServerFile(reading: path)
    // With every setting that is a comment taken in.
    let text = try FileText.read(path).split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let indentation = line.prefix { $0 == " " }
      let rest = line.dropFirst(indentation.count)
      let isSetting = rest.hasPrefix("# ") && rest.dropFirst(2).prefix { $0 != " " }.hasSuffix(":")
      return isSetting ? "\(indentation)\(rest.dropFirst(2))" : String(line)
    }.joined(separator: "\n")
    let file = try ServerFile(Array(text.utf8), file: path)
    #expect(file.values.count > 15)
    for setting in ServerOptions.settings where text.contains("# \(setting.key):") {
      #expect(file.values[setting.path] != nil, "\(setting.path)")
    }
  }
}
