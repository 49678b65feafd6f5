import Postgres

extension AccountService {
  /// Exchanges the password of who asks, and ends the user's other sessions.
  /// Throws `ChatError` invalidRequest (the rules for passwords), forbidden (the current one is wrong; it counts as a wrong
  /// password at login does), tooManyAttempts, unauthenticated (the session is over) or conflict (changed meanwhile).
  package func changePassword(for claims: AccessClaims, from current: String, to new: String) async throws {
    try Self.check(password: new, field: "new")
    try await checkIsOpen(claims)
    let rows = try await pool.query(
      "SELECT username, password_hash FROM users WHERE id = $1 AND disabled_at IS NULL", claims.user)
    guard rows.count == 1 else { throw ChatError(.notFound, "There is no such user.") }
    let (name, hash) = try rows[0].decode((String, String).self)
    try await attempts.check(name, in: claims.workspace)
    guard current.utf8.count <= 1024, try await passwords.verify(current, hash) else {
      try await attempts.failed(name, in: claims.workspace)
      throw ChatError(.forbidden, "The current password is wrong.", field: "current")
    }
    let renewed = try await passwords.hash(new)
    let revoked = try await pool.transaction { [self] transaction in
      if let error = try await LoginAttempts.succeeded(name, in: claims.workspace, transaction) { throw error }
      let changed = try await transaction.query(
        "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3", claims.user, renewed, hash)
      guard changed.affected == 1 else {
        throw ChatError(.conflict, "The password was changed meanwhile.")
      }
      return try await revoke(.allBut(claims.session), of: claims.user, in: transaction)
    }
    await closeSockets(of: revoked)
  }
}
