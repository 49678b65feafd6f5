/// What is to become different of a workspace; nil leaves a part as it is.
package struct WorkspaceChange: Sendable {
  package var name: String?
  package var registration: Workspace.Registration?
  /// Of each limit: nil leaves it, `.some(nil)` removes it.
  package var users: Int64??
  package var conversations: Int64??
  package var participants: Int64??

  package init(
    name: String? = nil, registration: Workspace.Registration? = nil, users: Int64?? = nil,
    conversations: Int64?? = nil, participants: Int64?? = nil
  ) {
    self.name = name
    self.registration = registration
    self.users = users
    self.conversations = conversations
    self.participants = participants
  }

  package var isEmpty: Bool {
    name == nil && registration == nil && users == nil && conversations == nil && participants == nil
  }
}
