/// A user as a file has one.
package struct UserImportRow: ImportRow {
  package enum Field: String, CaseIterable, Sendable {
    case username, displayName, role, password, passwordHash, state
  }

  package static let identifier = Field.username

  package var draft: UserIntake.Draft
  package var password: String?

  /// An empty text is as good as none. Throws `ChatError` invalidRequest.
  package init(_ values: [Field: String]) throws {
    let values = values.filter { !$0.value.isEmpty }
    guard let username = values[.username] else { throw ChatError(.invalidRequest, "username is missing") }
    var draft = UserIntake.Draft(username: username, displayName: values[.displayName])
    if let text = values[.role] {
      guard let role = UserRole(rawValue: text) else {
        throw ChatError(.invalidRequest, "role is 'user' or 'admin', and not '\(text)'")
      }
      draft.role = role
    }
    switch values[.state] {
    case nil, "active": break
    case "disabled": draft.isDisabled = true
    case let text?: throw ChatError(.invalidRequest, "state is 'active' or 'disabled', and not '\(text)'")
    }
    guard values[.password] == nil || values[.passwordHash] == nil else {
      throw ChatError(.invalidRequest, "password and passwordHash exclude each other")
    }
    draft.passwordHash = values[.passwordHash]
    password = values[.password]
    if let password { try AccountService.check(password: password) }
    try draft.check()
    self.draft = draft
  }
}
