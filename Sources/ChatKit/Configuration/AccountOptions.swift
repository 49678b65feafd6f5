import Commands
package import Primitives

/// Passwords and tokens.
package struct AccountOptions: Sendable {
  package let accessTokenLifetime: Duration
  package let refreshTokenLifetime: Duration
  package let refreshGrace: Duration
  package let passwordMemory: ByteCount
  package let passwordPasses: Int
  package let passwordThreads: Int
  package let passwordQueue: Int

  init(_ settings: inout SettingReader) {
    settings.section("accounts", "Accounts", "Passwords and tokens.")
    accessTokenLifetime = settings.value(
      "accounts.accessTokenLifetime", .duration(.seconds(10) ... .seconds(86_400)), default: .seconds(15 * 60),
      "How long an access token is valid.")
    refreshTokenLifetime = settings.value(
      "accounts.refreshTokenLifetime", .duration(.seconds(60) ... .seconds(366 * 86_400)),
      default: .seconds(30 * 86_400), "How long a session lives that nobody refreshes.")
    refreshGrace = settings.value(
      "accounts.refreshGrace", .duration(.zero ... .seconds(300)), default: .seconds(10),
      "How long a refresh token that was used gives the same successor again, for an answer that got lost.")
    passwordMemory = settings.value(
      "accounts.passwordMemory", .size(.mebibytes(8) ... .gibibytes(1)), default: .mebibytes(19),
      "Memory of one hash of a password (Argon2id).")
    passwordPasses = settings.value(
      "accounts.passwordPasses", .int(1...16), default: 2, "Passes over that memory.")
    passwordThreads = settings.value(
      "accounts.passwordThreads", .int(1...64), default: 1, "Passwords that are hashed at the same time.")
    passwordQueue = settings.value(
      "accounts.passwordQueue", .int(1...100_000), default: 256,
      "Passwords that may wait to be hashed; more are answered 503.")
  }
}
