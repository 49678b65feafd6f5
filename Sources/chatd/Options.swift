import Commands
import Networking
import Redis

/// What the command line and the environment say; `ChatdCommand` declares it. Kind Server and its file come with the
/// configuration; these are the settings that exist today.
struct Options: Sendable {
  enum Role: String, Sendable, CaseIterable {
    case api, gateway, all

    var servesAPI: Bool { self != .gateway }
    var servesSockets: Bool { self != .api }
  }

  let role: Role
  /// The folder of the private PostgreSQL and Redis; nil when they are somebody else's.
  let embedded: String?
  let postgres: String?
  let redis: RedisConfiguration?
  /// The folder of the secrets; within the embedded folder by default.
  let secrets: String?
  let listen: SocketAddress
  let loops: Int?
  let maxConnections: Int
  let logLevel: Log.Level

  /// Nil when the invocation is of no role.
  init?(_ invocation: Invocation) {
    guard let role = Role(rawValue: invocation.command.name) else { return nil }
    self.role = role
    embedded = role == .all ? invocation[ChatdCommand.embedded] : nil
    postgres = invocation[ChatdCommand.postgres]
    redis = invocation[ChatdCommand.redis]
    secrets = invocation[ChatdCommand.secrets]
    listen = invocation[ChatdCommand.listen]
    loops = invocation[ChatdCommand.loops]
    maxConnections = invocation[ChatdCommand.maxConnections]
    logLevel = invocation[ChatdCommand.logLevel]
  }

  /// Where to listen, but on another port.
  func address(port: UInt16) -> SocketAddress {
    var address = listen
    address.port = port
    return address
  }
}
