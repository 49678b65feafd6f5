import JSON
package import Primitives

/// What an access token says about its bearer (RFC 7519, 4).
package struct AccessClaims: Equatable, Sendable {
  /// `sub`.
  package var user: UUID
  /// `sid`: the session that was logged in to, whatever tokens it has had since.
  package var session: UUID
  /// `ws`.
  package var workspace: UUID
  /// `name`.
  package var username: String
  package var role: String
  /// `iat`, in seconds since 1970.
  package var issuedAt: Int64
  /// `exp`, in seconds since 1970: the first moment at which the token is no longer valid.
  package var expiresAt: Int64

  package init(
    user: UUID, session: UUID, workspace: UUID, username: String, role: String, issuedAt: Int64, expiresAt: Int64
  ) {
    self.user = user
    self.session = session
    self.workspace = workspace
    self.username = username
    self.role = role
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
  }

  /// From a payload whose signature and times have been checked.
  init(_ payload: JSONValue) throws(TokenError) {
    guard let user = payload["sub"]?.uuid, let session = payload["sid"]?.uuid, let workspace = payload["ws"]?.uuid,
      let username = payload["name"]?.string, let role = payload["role"]?.string,
      let issuedAt = payload["iat"]?.int64, let expiresAt = payload["exp"]?.int64
    else { throw TokenError(.malformed, "it lacks a claim") }
    self.init(
      user: user, session: session, workspace: workspace, username: username, role: role, issuedAt: issuedAt,
      expiresAt: expiresAt)
  }

  /// Writes the claims as members of the object that `json` is in.
  func write(to json: inout JSONWriter) {
    json.field("sub", user)
    json.field("sid", session)
    json.field("ws", workspace)
    json.field("name", username)
    json.field("role", role)
    json.field("iat", issuedAt)
    json.field("exp", expiresAt)
  }
}
