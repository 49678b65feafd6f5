import ChatKit
import Commands
import Primitives

extension RoomCommands {
  static let members = Command(
    "members", summary: "List and change who is in a room",
    examples: [
      Example("chatctl room members list general", "Who is in it"),
      Example("chatctl room members add general ann bob", "Two more"),
    ], subcommands: [listMembers, add, remove, role])

  private static let listMembers = Command.operation(
    "list", summary: "List a room's members",
    discussion: "The list is read and written in pages: it may be of any length.",
    examples: [Example("chatctl room members list general", "Who is in it, and how far each has read")],
    aliases: ["ls"], options: [ScopeOptions.limit, ScopeOptions.after], arguments: [ScopeOptions.room],
    exitCodes: [.init(.done), .init(.no, "there is no such room"), .init(.usage), .init(.unavailable)],
    records: RecordSchema(
      "user",
      [
        .init("username", "The name"), .init("displayName", "What others see"), .init("role", "admin or member"),
        .init("joinedAt", .time, "Since when"), .init("readSeq", .integer, "How far they have read"),
        .init("deliveredSeq", .integer, wide: true, "How far they have got"), .init("id", wide: true, "The identifier"),
        .init("state", wide: true, "active or disabled"),
        .init("mutedUntil", .time, wide: true, "Until when it is silent"),
      ])
  ) { session in
    let room = try await session.room()
    let directory = try session.roomDirectory()
    return try await session.list(
      { writer, member in
        let who = member.participant
        try writer.add([
          .string(who.username), .string(who.displayName), .string(who.role.rawValue), .time(who.joinedAt),
          .integer(Int(who.readSeq)), .integer(Int(who.deliveredSeq)), .string(who.userId.description),
          .string(member.isDisabled ? "disabled" : "active"), RecordValue(member.mutedUntil),
        ])
      }, id: \.participant.userId
    ) { try await directory.members(of: room.id, after: $0, limit: $1) }
  }

  private static let add = Command.operation(
    "add", summary: "Add users to a group or channel",
    discussion: "They have its history, and none of it is unread. Who is in it already is left as they are.",
    examples: [Example("chatctl room members add general ann bob", "Both")],
    arguments: [ScopeOptions.room, ScopeOptions.users], exitCodes: Session.changeCodes, records: Session.changeSchema,
    changes: true
  ) { session in
    let room = try await session.room()
    let administration = try await session.roomAdministration()
    return try await session.forEachUser { record in
      if session.isDryRun { return "would be added" }
      return try await administration.add(record.user.id, to: room) ? "added" : "unchanged"
    }
  }

  private static let remove = Command.operation(
    "remove", summary: "Remove users from a group or channel",
    discussion: """
      No message that is committed afterwards is delivered to them. Where the only admin goes, who has been in the room longest \
      follows. Who is removed from a channel can join it again.
      """,
    examples: [Example("chatctl room members remove general bob", "At once, on every gateway")], aliases: ["rm"],
    arguments: [ScopeOptions.room, ScopeOptions.users], exitCodes: Session.changeCodes, records: Session.changeSchema,
    changes: true
  ) { session in
    let room = try await session.room()
    let administration = try await session.roomAdministration()
    return try await session.forEachUser { record in
      if session.isDryRun { return "would be removed" }
      return try await administration.remove(record.user.id, from: room) ? "removed" : "unchanged"
    }
  }

  private static let newRole = Argument("role", ValueType<ParticipantRole>.choice("ROLE"), help: "admin or member.")

  private static let role = Command.operation(
    "role", summary: "Make members admins of a room, or members again",
    examples: [Example("chatctl room members role general admin bob", "bob may add, remove and archive")],
    arguments: [ScopeOptions.room, newRole, ScopeOptions.users], exitCodes: Session.changeCodes,
    records: Session.changeSchema, changes: true
  ) { session in
    let room = try await session.room()
    let role = session[newRole]
    let administration = try await session.roomAdministration()
    return try await session.forEachUser { record in
      if session.isDryRun { return "would be \(role.rawValue)" }
      return try await administration.set(role, of: record.user.id, in: room) ? role.rawValue : "unchanged"
    }
  }
}
