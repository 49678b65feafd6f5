import ChatKit
import Commands
import Logging
import Networking
import Primitives
import Testing

@Suite("The configuration's file")
struct ServerFileTests {
  /// A file with these lines below `spec`.
  private func spec(_ lines: String) -> String {
    "apiVersion: chatd/v1\nkind: Server\nspec:\n"
      + lines.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)\n" }.joined()
  }

  private func read(_ text: String) throws(ConfigurationError) -> ServerFile {
    try ServerFile(Array(text.utf8), file: "c.yaml")
  }

  /// What is wrong with it, without the file's name.
  private func problems(_ text: String) -> [String] {
    do throws(ConfigurationError) {
      _ = try read(text)
      return []
    } catch {
      return error.problems.map { String("\($0)".dropFirst("c.yaml:".count)) }
    }
  }

  @Test("values of every kind, and where they stand")
  func values() throws {
    let text = spec(
      """
      loops: 4
      log: {level: debug}
      http:
        listen: 127.0.0.1:80
        idleTimeout: 90s
        maxBody: 2MiB
        maxHead: 2048
        corsOrigins: [https://a.example, 'https://b.example']
      sockets: {polling: false}
      postgres:
      """)
    let file = try read(text)
    #expect(file.values["loops"]?.texts == ["4"])
    #expect(file.values["http.corsOrigins"]?.texts == ["https://a.example", "https://b.example"])
    #expect(file.values["sockets.polling"]?.texts == ["false"])
    #expect(file.context()["listen"]?.origin == "c.yaml:7:13")
    let options = try Tool.options(file: file)
    #expect(options.loops == 4)
    #expect(options.log.level == .debug)
    #expect(options.http.listen.port == 80)
    #expect(options.http.idleTimeout == .seconds(90))
    #expect(options.http.maxBody == .mebibytes(2))
    #expect(options.http.maxHead == .kibibytes(2))
    #expect(options.http.corsOrigins == ["https://a.example", "https://b.example"])
    #expect(!options.sockets.polling)
  }

  @Test("metadata has a name and labels")
  func metadata() throws {
    let head = "apiVersion: chatd/v1\nkind: Server\nspec: {}\n"
    #expect(try read(head + "metadata: {name: a, labels: {team: chat}}").name == "a")
    #expect(try read(head).name == nil)
    #expect(
      problems(head + "metadata: {nmae: a, labels: 5}") == [
        "4:12: unknown key 'nmae' in metadata; known are name, labels; did you mean 'name'?",
        "4:29: metadata.labels: expected a mapping of strings, found the number 5",
      ])
  }

  @Test("all problems are told, in the order of the file")
  func all() {
    let text = """
      apiVersion: chatd/v2
      kind: server
      spec:
        loops: 0
        http:
          lisen: 127.0.0.1:80
          idleTimeout: 5
        loops: 2
        log: {level: loud}
      """
    #expect(
      problems(text) == [
        "1:13: apiVersion: expected chatd/v1, found the string 'chatd/v2'",
        "2:7: kind: expected Server, found the string 'server'",
        "4:10: loops: expected a number from 1 to 256, found the number 0",
        "6:5: unknown setting 'lisen' in http; did you mean 'listen'?",
        "7:18: http.idleTimeout: expected a duration from 1s to 1h, for example 30s, found the number 5; it needs a unit: 5s",
        "8:3: key 'loops' appears twice; it stands at line 4 already",
        "9:16: log.level: expected one of debug, info, notice, warning, error, found the string 'loud'",
      ])
  }

  @Test(
    "what is wrong with a setting, and what to do",
    arguments: [
      ("lissten: x", "4:3: unknown setting 'lissten'; did you mean 'http.listen'?"),
      (
        "http.listen: x",
        "4:3: unknown setting 'http.listen'; write each part on a line of its own, the next one indented"
      ),
      ("max-connections: 5", "4:3: unknown setting 'max-connections'; did you mean 'http.maxConnections'?"),
      ("log: debug", "4:8: log: expected a mapping of settings, found the string 'debug'"),
      (
        "log: {levle: debug, size: 5}",
        "4:9: unknown setting 'levle' in log; did you mean 'level'?"
      ),
      (
        "loops:", "4:9: loops: expected a number from 1 to 256, found nothing (null); leave the key out for the default"
      ),
      ("loops: '4'", "4:10: loops: expected a number from 1 to 256, found the string '4'; leave the quotes out"),
      ("loops: [4]", "4:10: loops: expected a number from 1 to 256, found a sequence"),
      ("loops: 4.0", "4:10: loops: expected a number from 1 to 256, found the number 4.0"),
      ("embedded: 5", "4:13: embedded: expected a folder, found the number 5; quote it: \"5\""),
      (
        "sockets: {polling: no}",
        "4:22: sockets.polling: expected one of true, false, found the string 'no'; did you mean 'false'?"
      ),
      (
        "http: {corsOrigins: https://x.example}",
        "4:23: http.corsOrigins: expected a list, found the string 'https://x.example'; write [https://x.example]"
      ),
      (
        "http: {corsOrigins: ['https://x.example/']}",
        "4:24: http.corsOrigins: 'https://x.example/' ends in a slash; an origin has none: https://x.example"
      ),
      (
        "http: {maxBody: much}",
        "4:19: http.maxBody: expected a size from 1KiB to 1GiB, for example 16KiB, found the string 'much'"
      ),
    ])
  func setting(lines: String, expected: String) {
    #expect(problems(spec(lines)).first == expected)
  }

  @Test(
    "what is no file of kind Server",
    arguments: [
      ("", "1:1: the file is empty"), ("# nothing\n", "1:1: the file is empty"),
      ("5", "1:1: expected a mapping with apiVersion, kind and spec, found the number 5"),
      ("http: {listen: ':80'}", "1:1: unknown key 'http'; settings stand below spec"),
      ("kind: Server\napiVersion: chatd/v1\n", "1:1: key 'spec' is missing"),
      ("spec: {}\n", "1:1: key 'apiVersion' is missing: apiVersion: chatd/v1"),
      ("apiVersion: chatd/v1\nkind: Server\nspec: {}\n---\nkind: User\n", "5:1: a second document; one is expected"),
      ("\u{1}\u{2}ELF", "1:1: invalid character or UTF-8: 0x1 (control characters are not allowed)"),
    ])
  func kind(text: String, expected: String) {
    #expect(problems(text).first == expected)
  }

  @Test(
    "an address with a password in it is refused without being quoted",
    arguments: [
      "postgres: {url: 'postgresql://ann:hunter2@db/chat'}", "postgres: {url: 'postgres://ann:hunter2@db'}",
      "postgres: {url: 'host=db password=hunter2'}", "postgres: {url: 'host=db password = hunter2'}",
      "postgres: {url: 'postgresql:///chat?user=a&password=hunter2'}",
      "postgres: {url: 'postgresql:///chat?sslpassword=hunter2'}",
      "redis: {url: 'redis://:hunter2@cache'}", "redis: {url: 'redis://ann:hunter2@cache:6379/1'}",
    ])
  func passwords(lines: String) throws {
    let text = try #require(problems(spec(lines)).first)
    #expect(text.contains("has a password in it"))
    #expect(text.contains("passwordFile"))
    #expect(!text.contains("hunter2"))
  }

  @Test(
    "an address without one is fine",
    arguments: [
      "postgres: {url: 'postgresql:///chat'}", "postgres: {url: 'host=/run/postgresql dbname=chat user=chatd'}",
      "postgres: {url: 'postgresql://ann@db:5432/chat?sslmode=verify-full'}", "redis: {url: 'redis://ann@cache/2'}",
      "redis: {url: /run/redis.sock}", "redis: {url: 'unix:/run/redis.sock'}",
    ])
  func addresses(lines: String) { #expect(problems(spec(lines)) == []) }
}
