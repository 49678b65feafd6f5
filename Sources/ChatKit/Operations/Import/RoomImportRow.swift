package import Primitives

/// A group or channel as a file has one. Users are names of the workspace, or identifiers.
package struct RoomImportRow: ImportRow {
  package enum Field: String, CaseIterable, Sendable {
    case title, type, owner, members, admins, id, readOnly, slowMode, encrypted, state
  }

  package static let identifier = Field.title
  package static let lists: Set<Field> = [.members, .admins]
  package static let scalars: Set<Field> = [.readOnly, .slowMode, .encrypted]

  package var title: String
  package var type: ConversationType
  package var owner: String
  package var members: [String]
  package var admins: [String]
  /// Under which it is made; nil for a new one.
  package var id: UUID?
  package var isReadOnly: Bool
  /// Seconds.
  package var slowMode: Int32
  package var isEncrypted: Bool
  package var isArchived: Bool

  package init(_ values: [Field: String]) throws {
    let values = values.filter { !$0.value.isEmpty }
    guard let title = values[.title] else { throw ChatError(.invalidRequest, "title is missing") }
    guard let owner = values[.owner] else { throw ChatError(.invalidRequest, "owner is missing") }
    self.title = title
    self.owner = owner
    switch values[.type] {
    case nil, "channel": type = .channel
    case "group": type = .group
    case let text?: throw ChatError(.invalidRequest, "type is 'channel' or 'group', and not '\(text)'")
    }
    members = Self.elements(values[.members])
    admins = Self.elements(values[.admins])
    if let text = values[.id] {
      guard let id = UUID(text) else { throw ChatError(.invalidRequest, "id is no identifier: '\(text)'") }
      self.id = id
    }
    isReadOnly = try Self.flag(.readOnly, values)
    isEncrypted = try Self.flag(.encrypted, values)
    slowMode = try Self.seconds(values[.slowMode])
    switch values[.state] {
    case nil, "active": isArchived = false
    case "archived": isArchived = true
    case let text?: throw ChatError(.invalidRequest, "state is 'active' or 'archived', and not '\(text)'")
    }
    try RoomIntake.check(title: title)
    try RoomIntake.check(slowMode: slowMode)
  }

  private static func flag(_ field: Field, _ values: [Field: String]) throws -> Bool {
    switch values[field] {
    case nil, "false": return false
    case "true": return true
    case let text?: throw ChatError(.invalidRequest, "\(field.rawValue) is 'true' or 'false', and not '\(text)'")
    }
  }

  /// A number of seconds, or a span such as 10s.
  private static func seconds(_ text: String?) throws -> Int32 {
    guard let text else { return 0 }
    if let seconds = Int32(text) { return seconds }
    guard let span = Duration(text: text), span.components.attoseconds == 0,
      let seconds = Int32(exactly: span.components.seconds)
    else { throw ChatError(.invalidRequest, "slowMode is a number of seconds, or such as 10s, and not '\(text)'") }
    return seconds
  }
}
