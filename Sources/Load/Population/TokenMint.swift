package import ChatKit
package import Primitives

/// Access tokens as a login gives them, made with the installation's own key.
package struct TokenMint: Sendable {
  private let keys: SigningKeySet

  package init(_ keys: SigningKeySet) { self.keys = keys }

  /// - Parameter lifetime: how long it is good for.
  package func mint(for user: UUID, named name: String, lifetime: Duration = .seconds(24 * 3600)) throws -> String {
    let now = Timestamp.now()
    return try keys.sign(
      AccessClaims(
        user: user, session: UUID.v7(), workspace: Workspace.main, username: name, role: "user",
        issuedAt: now.seconds, expiresAt: (now + lifetime).seconds))
  }
}
