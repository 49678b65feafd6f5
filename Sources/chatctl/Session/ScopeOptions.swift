import ChatKit
import Commands
import Primitives

/// What people and rooms are named by, and which workspace a name is of.
enum ScopeOptions {
  static let workspace = Option(
    "workspace", .string("NAME"), default: "main", short: "w", help: "The workspace that names are of.",
    environment: "CHATCTL_WORKSPACE")

  static let allWorkspaces = Flag("all-workspaces", short: "A", help: "Those of all workspaces.")

  static let limit = Option<Int?>(
    "limit", .int(1...), defaultText: "all", short: "n", help: "At most as many.", group: "Filters")

  static let after = Option<UUID?>(
    "after", .id, defaultText: "the first", help: "Go on after the one with this identifier.", group: "Filters")

  /// A user by name or identifier.
  static let userType = ValueType<String>.string("USER").completed(
    by: DynamicCompletion.of("user", scope: { $0[workspace] ?? "" }) { connections, request in
      let found = try await UserDirectory(pool: connections.postgres()).names(
        beginningWith: request.prefix, in: request[workspace] ?? "main", limit: DynamicCompletion.limit)
      return found.map { Candidate($0.username, $0.displayName) }
    })

  /// A room by identifier, or a channel by its title.
  static let roomType = ValueType<String>.string("ROOM").completed(
    by: DynamicCompletion.of("room", scope: { $0[workspace] ?? "" }) { connections, request in
      let mark = request.prefix.hasPrefix("#") ? "#" : ""
      let found = try await RoomDirectory(pool: connections.postgres()).titles(
        beginningWith: String(request.prefix.dropFirst(mark.count)), in: request[workspace] ?? "main",
        limit: DynamicCompletion.limit)
      return found.map { Candidate(mark + $0.title, $0.id.description) }
    })

  static let room = Argument(
    "room", roomType, help: "The room's identifier, or a channel's title, with or without a '#' before it.")

  static let user = Argument("user", userType, help: "The user's name or identifier.")

  static let users = Argument(repeated: "user", userType, times: 1...10_000, help: "Users' names or identifiers.")
}

extension ValueType where Value == UUID {
  static var id: ValueType {
    ValueType(.string, metavariable: "ID", expectation: "an identifier (a UUID)", parse: { UUID($0) })
  }
}
