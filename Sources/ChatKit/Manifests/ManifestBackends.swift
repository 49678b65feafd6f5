package import Postgres
import Primitives

/// What manifests are read from and applied to. Each backend is opened when a kind asks for it: a manifest without topics needs
/// no Kafka.
package struct ManifestBackends: Sendable {
  package let postgres: PostgresPool
  /// chatd's settings, as this program knows them.
  package let options: ServerOptions
  package let topics: @Sendable () async throws -> any TopicStore
  /// Tells gateways whom to let go.
  package let rooms: @Sendable () async throws -> RoomEmitter
  package let keys: @Sendable () throws -> KeyRing
  package let passwords: PasswordHasher

  package init(
    postgres: PostgresPool, options: ServerOptions, topics: @escaping @Sendable () async throws -> any TopicStore,
    rooms: @escaping @Sendable () async throws -> RoomEmitter, keys: @escaping @Sendable () throws -> KeyRing,
    passwords: PasswordHasher = PasswordHasher()
  ) {
    self.postgres = postgres
    self.options = options
    self.topics = topics
    self.rooms = rooms
    self.keys = keys
    self.passwords = passwords
  }

  /// Identifiers of workspaces by name. Throws `ManifestError` for one that there is not.
  func workspaces() async throws -> [String: UUID] {
    var workspaces: [String: UUID] = [:]
    for row in try await postgres.query("SELECT name, id FROM workspaces") {
      workspaces[try row.get(0)] = try row.get(1, as: UUID.self)
    }
    return workspaces
  }

  /// Throws `ManifestError` noSuch.
  func workspace(of id: ManifestID) async throws -> UUID {
    let name = id.workspace ?? "main"
    let rows = try await postgres.query("SELECT id FROM workspaces WHERE name = $1", name)
    guard let row = rows.first else { throw ManifestError(.noSuch, "\(id): there is no workspace '\(name)'") }
    return try row.get(0)
  }
}

/// Why a manifest could not be applied, where no backend has failed.
package struct ManifestError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// Something that is named does not exist.
    case noSuch
    /// It cannot be done at all, or not to what there is.
    case refused
    /// The state is not that of which the plan was made.
    case moved
    /// A file is not what it should be.
    case invalid
    /// Somebody else applies.
    case locked
  }

  package let code: Code
  package let description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
