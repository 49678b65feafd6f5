/// What is to become different of a workspace; nil leaves a part as it is.
package struct WorkspaceChange: Sendable {
  package var name: String?
  package var registration: Workspace.Registration?
  /// Of each limit: nil leaves it, `.some(nil)` removes it.
  package var users: Int64??
  package var conversations: Int64??
  package var participants: Int64??
  package var sends: Rate??
  /// `.some(nil)`: as the server has it.
  package var encryption: EncryptionOptions.Mode??
  package var isFiltered: Bool?

  package init(
    name: String? = nil, registration: Workspace.Registration? = nil, users: Int64?? = nil,
    conversations: Int64?? = nil, participants: Int64?? = nil, sends: Rate?? = nil,
    encryption: EncryptionOptions.Mode?? = nil, isFiltered: Bool? = nil
  ) {
    self.name = name
    self.registration = registration
    self.users = users
    self.conversations = conversations
    self.participants = participants
    self.sends = sends
    self.encryption = encryption
    self.isFiltered = isFiltered
  }

  package var isEmpty: Bool {
    name == nil && registration == nil && users == nil && conversations == nil && participants == nil && sends == nil
      && encryption == nil && isFiltered == nil
  }
}
