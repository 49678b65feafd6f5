package import JSON
package import Primitives

package enum UserRole: String, CaseIterable, Sendable {
  case user, admin
}

/// A person's account, without its secrets.
package struct User: Sendable {
  package var id: UUID
  package var workspaceId: UUID
  package var username: String
  package var displayName: String
  package var role: UserRole
  package var createdAt: Timestamp
  package var avatarURL: String?
  /// To the minute: when a socket of the user last connected or disconnected.
  package var lastSeenAt: Timestamp?
  package var isDisabled: Bool
  /// Rises with each change of the profile; its entity tag.
  package var version: Int64

  package init(
    id: UUID, workspaceId: UUID, username: String, displayName: String, role: UserRole, createdAt: Timestamp,
    avatarURL: String? = nil, lastSeenAt: Timestamp? = nil, isDisabled: Bool = false, version: Int64 = 1
  ) {
    self.id = id
    self.workspaceId = workspaceId
    self.username = username
    self.displayName = displayName
    self.role = role
    self.createdAt = createdAt
    self.avatarURL = avatarURL
    self.lastSeenAt = lastSeenAt
    self.isDisabled = isDisabled
    self.version = version
  }

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", id)
    json.field("username", username)
    json.field("displayName", displayName)
    json.field("role", role.rawValue)
    json.field("createdAt", createdAt)
    if let avatarURL { json.field("avatarUrl", avatarURL) }
    if let lastSeenAt { json.field("lastSeenAt", lastSeenAt) }
    if isDisabled { json.field("disabled", true) }
    json.endObject()
  }
}
