import ChatKit
import Commands
import Primitives

extension UserCommands {
  // MARK: Sessions

  static let sessions = Command(
    "sessions", summary: "List and end sessions",
    examples: [
      Example("chatctl user sessions list ann", "Where ann is logged in"),
      Example("chatctl user sessions revoke ann", "Out of all of them"),
    ], subcommands: [listSessions, revokeSessions])

  private static let listSessions = Command.operation(
    "list", summary: "List a user's open sessions, the newest first",
    examples: [Example("chatctl user sessions list ann", "Where ann is logged in")], aliases: ["ls"],
    arguments: [ScopeOptions.user],
    exitCodes: [.init(.done), .init(.no, "there is no such user"), .init(.usage), .init(.unavailable)],
    records: RecordSchema(
      "session",
      [
        .init("id", "The session"), .init("createdAt", .time, "When it was logged in to"),
        .init("lastUsedAt", .time, "When it was last refreshed"),
        .init("expiresAt", .time, wide: true, "When it ends by itself"), .init("address", "Whence"),
        .init("userAgent", "What the client calls itself"),
      ])
  ) { session in
    let record = try await session.user(session[ScopeOptions.user])
    let found = try await UserSessions.list(of: record.user.id, session.connections.postgres())
    let writer = try session.records()
    for one in found {
      try writer.add([
        .string(one.id.description), .time(one.createdAt), .time(one.lastUsedAt), .time(one.expiresAt),
        RecordValue(one.client.address), RecordValue(one.client.userAgent),
      ])
    }
    try writer.finish()
    return .done
  }

  private static let sessionID = Option<[UUID]>(
    repeated: "session", .id, help: "Only this one; may be given again. Else all.")

  private static let revokeSessions = Command.operation(
    "revoke", summary: "End a user's sessions",
    discussion: """
      Refresh tokens are good no more and sockets are closed. Access tokens that are out are good for reading and writing \
      messages until they expire, as after any logout.
      """,
    examples: [Example("chatctl user sessions revoke ann", "ann has to log in again, everywhere")],
    options: [sessionID], arguments: [ScopeOptions.user],
    exitCodes: [.init(.done), .init(.no, "there is no such user or session"), .init(.usage), .init(.unavailable)],
    changes: true
  ) { session in
    let record = try await session.user(session[ScopeOptions.user])
    let open = try await UserSessions.list(of: record.user.id, session.connections.postgres())
    let named = session[sessionID]
    if let unknown = named.first(where: { id in !open.contains { $0.id == id } }) {
      throw CommandFailure(.no, "\(record.user.username) has no open session \(unknown)")
    }
    if session.isDryRun {
      session.talk("would end \(named.isEmpty ? open.count : named.count) sessions of \(record.user.username)")
      return .done
    }
    let administration = try await session.userAdministration()
    var count = 0
    if named.isEmpty { count = try await administration.revoke(.all, of: record.user) }
    for id in named { count += try await administration.revoke(.one(id), of: record.user) }
    session.talk("\(count) sessions of \(record.user.username) ended")
    return .done
  }

  // MARK: Tokens

  private static let lifetime = Option(
    "ttl", .duration(.seconds(1) ... .seconds(86_400)), default: .seconds(900), help: "How long it is good.")

  static let token = Command.operation(
    "token", summary: "Make access tokens, for tests",
    discussion: """
      Signed with the key of the secrets' folder, as chatd signs its own. A token is of no session that could be ended: it is \
      good until it expires, whatever becomes of the user. The table is the token alone, so that a script can take it as it is.
      """,
    examples: [
      Example("chatctl user token ann --embedded .chatd", "For 'curl -H \"Authorization: Bearer $(…)\"'"),
      Example("chatctl user token ann bob --ttl 1h -o ndjson", "Tokens of several, with who and until when"),
    ],
    options: [lifetime], arguments: [ScopeOptions.users],
    exitCodes: [
      .init(.done), .init(.no, "there is no such user, or one that is disabled"), .init(.usage),
      .init(.invalidInput, "there is no key that can sign"), .init(.unavailable),
    ],
    records: RecordSchema(
      "token", key: "username",
      [
        .init("token", "The token"), .init("username", wide: true, "Whose"), .init("userId", wide: true, "Whose"),
        .init("expiresAt", .time, wide: true, "Until when it is good"),
      ])
  ) { session in
    let keys: SigningKeySet
    do { keys = try Secrets.tokenKeys(in: session.connections.secrets()) } catch let error as Secrets.Failure {
      throw CommandFailure(.invalidInput, error.description, hint: "The folder is that of chatd's --secrets.")
    }
    let isPlain = session[CommonOptions.output] == .table && session[CommonOptions.fields].isEmpty
    let writer = try session.records()
    for name in session[ScopeOptions.users] {
      let record = try await session.user(name)
      let user = record.user
      guard !user.isDisabled else { throw CommandFailure(.no, "\(user.username) is disabled") }
      let now = Timestamp.now()
      let end = now + session[lifetime]
      let token = try keys.sign(
        AccessClaims(
          user: user.id, session: UUID.v7(), workspace: user.workspaceId, username: user.username,
          role: user.role.rawValue, issuedAt: now.seconds, expiresAt: end.seconds))
      if isPlain {
        try session.output.line(token)
      } else {
        try writer.add([.string(token), .string(user.username), .string(user.id.description), .time(end)])
      }
    }
    if !isPlain { try writer.finish() }
    return .done
  }
}
