package import JSON
package import Primitives

package enum UserRole: String, Sendable {
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

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", id)
    json.field("username", username)
    json.field("displayName", displayName)
    json.field("role", role.rawValue)
    json.field("createdAt", createdAt)
    json.endObject()
  }
}

/// The tenant that exists from the first migration on.
package enum Workspace {
  package static let main = UUID(high: 0x0000_0000_0000_7000, low: 0x8000_0000_0000_0001)
}
