import ChatKit
import Commands
import Networking

/// What a process was told: its role, and the settings of `ServerOptions`, which read as if they were its own:
/// `options.http.maxConnections`.
@dynamicMemberLookup
struct Options: Sendable {
  enum Role: String, Sendable, CaseIterable {
    case api, gateway, presence, inbox, all

    var servesAPI: Bool { self == .api || self == .all }
    var servesSockets: Bool { self == .gateway || self == .all }
    /// Answers `/heartbeat` and `/status`.
    var servesPresence: Bool { self == .presence || servesAPI }
    /// Ends leases that have run out, and publishes who came and went.
    var keepsPresence: Bool { self == .presence || self == .all }
    /// Does what follows from events: mentions, webhooks, counts.
    var worksInbox: Bool { self == .inbox || self == .all }
  }

  let role: Role
  /// The folder of the private PostgreSQL and Redis; nil when others are used.
  let embedded: String?
  let settings: ServerOptions

  /// Nil when the invocation is of no role.
  init?(_ invocation: Invocation) {
    guard let role = Role(rawValue: invocation.command.name) else { return nil }
    self.role = role
    settings = ServerOptions(invocation)
    let areEmbedded = (try? Backends.areEmbedded(invocation, for: role)) ?? false
    embedded = areEmbedded ? settings.embedded : nil
  }

  subscript<Value>(dynamicMember path: KeyPath<ServerOptions, Value>) -> Value { settings[keyPath: path] }
}
