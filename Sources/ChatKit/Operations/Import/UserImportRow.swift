import JSON
import Primitives

/// A user as a file has one.
package struct UserImportRow: Sendable {
  package enum Field: String, CaseIterable, Sendable {
    case username, displayName, role, password, passwordHash, state
  }

  package var draft: UserIntake.Draft
  package var password: String?

  /// Of an object in JSON. Throws `ChatError` invalidRequest.
  package init(json bytes: ArraySlice<UInt8>) throws {
    guard let root = try? JSONDocument(parsing: Array(bytes)).root, let members = root.object else {
      throw ChatError(.invalidRequest, "this is no object in JSON")
    }
    var values: [Field: String] = [:]
    for member in members {
      let field = try Self.field(member.key)
      if member.value.isNull { continue }
      guard let text = member.value.string else {
        throw ChatError(.invalidRequest, "\(field.rawValue) is not a text")
      }
      values[field] = text
    }
    try self.init(values)
  }

  /// Throws `ChatError` invalidRequest: there is no such field.
  package static func field(_ name: String) throws -> Field {
    if let field = Field(rawValue: name) { return field }
    let names = Field.allCases.map(\.rawValue)
    throw ChatError(
      .invalidRequest,
      "there is no field '\(name)'"
        + (NearestMatch.of(name, in: names).map { "; did you mean '\($0)'?" }
          ?? "; there are \(names.joined(separator: ", "))"))
  }

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
