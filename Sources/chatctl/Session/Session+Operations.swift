import ChatKit
import Commands
import Primitives
import Redis

extension Session {
  /// The workspace whose names are meant; nil for all.
  func workspaceFilter() -> String? { self[ScopeOptions.allWorkspaces] ? nil : self[ScopeOptions.workspace] }

  func userDirectory() throws -> UserDirectory { UserDirectory(pool: try connections.postgres()) }

  /// The user that was named, by name in `--workspace` or by identifier. Throws `ChatError` notFound.
  func user(_ name: String) async throws -> UserRecord {
    try await userDirectory().find(name, in: self[ScopeOptions.workspace])
  }

  /// Says things to gateways. Throws `RedisError` where Redis is away: what is to be told would be lost.
  func emitter() async throws -> RoomEmitter {
    let redis = try await connections.redis()
    try await redis.ping()
    return RoomEmitter(redis: redis)
  }

  func userAdministration() async throws -> UserAdministration {
    let emitter = try await emitter()
    return UserAdministration(pool: try connections.postgres(), rooms: emitter, by: .current)
  }

  /// Reads records page by page and writes them as they come, `--limit` at most.
  func list<Element>(
    _ write: (RecordWriter, Element) throws -> Void, id: (Element) -> UUID,
    page: (_ after: UUID?, _ limit: Int) async throws -> [Element]
  ) async throws -> ExitCode {
    let writer = try records()
    var left = self[ScopeOptions.limit] ?? .max
    var after = self[ScopeOptions.after]
    while left > 0 {
      let size = min(left, Self.page)
      let found = try await page(after, size)
      for element in found { try write(writer, element) }
      left -= found.count
      guard found.count == size, let last = found.last else { break }
      after = id(last)
    }
    try writer.finish()
    return .done
  }

  private static let page = 500

  /// Does something to each of some users, each for itself, and answers a record a user: what came of it. Some done and
  /// some not is exit code 4.
  /// - Parameter body: answers a word.
  func forEachUser(_ body: (UserRecord) async throws -> String) async throws -> ExitCode {
    try await resumable {
      let writer = try records()
      var failed = 0
      let names = self[ScopeOptions.users]
      for (index, name) in names.enumerated() {
        do {
          let found = try await user(name)
          let result = try await body(found)
          try writer.add([.string(found.user.username), .string(found.user.id.description), .string(result), .null])
        } catch let error as ChatError {
          failed += 1
          try writer.add([.string(name), .null, .string("failed"), .string(error.message)])
        }
        if index < names.count - 1 {
          let rest = Array(names[(index + 1)...])
          try checkpoint(resume: invocation.line(with: [(ScopeOptions.users.parameter.name, rest)]))
        }
      }
      try writer.finish()
      return failed == 0 ? .done : failed == names.count ? .no : .partlyDone
    }
  }

  /// What `forEachUser` answers with.
  static let changeSchema = RecordSchema(
    "user",
    [
      .init("username", "The name"), .init("id", wide: true, "The identifier"), .init("result", "What came of it"),
      .init("error", "Why it failed"),
    ])

  static let changeCodes: [ExitCode.Meaning] = [
    .init(.done), .init(.no, "nothing was done: see the records"), .init(.partlyDone, "some were done, some not"),
    .init(.usage), .init(.unavailable), .init(.interrupted),
  ]
}
