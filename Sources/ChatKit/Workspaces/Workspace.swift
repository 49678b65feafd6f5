// Workspaces: tenants of one system, who do not know of each other.
//
// A user belongs to one workspace, which their tokens name (`AccessClaims.workspace`); so does a conversation. Whoever finds
// users or conversations by a name or a text does it within the workspace of who asks; whoever is given an identifier asks
// for the participant, who is of the same workspace because `ConversationService` admits nobody else. The administrators of
// the workspace `main` run the system: they make workspaces and set their limits (`WorkspaceService`), and see nothing that
// is said in them.

package import JSON
package import Primitives

/// A tenant: users and conversations that are apart from all others.
package struct Workspace: Sendable {
  /// The one that there is from the first migration on.
  package static let main = UUID(high: 0x0000_0000_0000_7000, low: 0x8000_0000_0000_0001)

  /// Whether people may register by themselves.
  package enum Registration: String, Sendable, CaseIterable {
    case open, closed
  }

  /// How much there may be in it; nil for as much as you like.
  package struct Limits: Sendable, Equatable {
    package var users: Int64?
    package var conversations: Int64?
    /// In one conversation.
    package var participants: Int64?
    /// Messages, edits and reactions of all its users together.
    package var sends: Rate?

    package init(
      users: Int64? = nil, conversations: Int64? = nil, participants: Int64? = nil, sends: Rate? = nil
    ) {
      self.users = users
      self.conversations = conversations
      self.participants = participants
      self.sends = sends
    }
  }

  package var id: UUID
  package var name: String
  package var registration: Registration
  package var limits: Limits
  /// Nil: as the server has it.
  package var encryption: EncryptionOptions.Mode?
  /// Whether the server's filter is for it.
  package var isFiltered: Bool
  package var createdAt: Timestamp

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", id)
    json.field("name", name)
    json.field("registration", registration.rawValue)
    json.key("limits")
    json.beginObject()
    if let users = limits.users { json.field("users", users) }
    if let conversations = limits.conversations { json.field("conversations", conversations) }
    if let participants = limits.participants { json.field("participants", participants) }
    if let sends = limits.sends { json.field("sends", sends.description) }
    json.endObject()
    if let encryption { json.field("encryption", encryption.rawValue) }
    json.field("filter", isFiltered)
    json.field("createdAt", createdAt)
    json.endObject()
  }
}
