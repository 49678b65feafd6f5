package import JSON
package import Postgres
package import Primitives

/// A device that notifications go to.
package struct PushDevice: Sendable {
  package var id: String
  package var platform: String
  package var updatedAt: Timestamp

  /// Without its token, which is between the device and the provider.
  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", id)
    json.field("platform", platform)
    json.field("updatedAt", updatedAt)
    json.endObject()
  }
}

/// The devices of users.
package struct PushDevices: Sendable {
  /// Of a user.
  package static let limit = 20

  private let pool: PostgresPool

  package init(pool: PostgresPool) { self.pool = pool }

  /// Registers a device, or changes it. Throws `ChatError` invalidRequest, conflict (too many).
  package func put(_ id: String, platform: String, token: String, of user: UUID) async throws {
    try Self.check("id", id, 128)
    try Self.check("platform", platform, 32)
    try Self.check("token", token, 4096)
    let count = try await pool.transaction { transaction in
      // A token is one device's, whoever is logged in there now.
      _ = try await transaction.query(
        "DELETE FROM push_devices WHERE platform = $1 AND md5(token) = md5($2) AND token = $2 AND user_id <> $3",
        platform, token, user)
      return try await transaction.execute(
        """
        INSERT INTO push_devices (user_id, id, platform, token) SELECT $1, $2, $3, $4
        WHERE (SELECT count(*) FROM push_devices WHERE user_id = $1 AND id <> $2) < $5
        ON CONFLICT (user_id, id) DO UPDATE SET platform = $3, token = $4, updated_at = now()
        """, user, id, platform, token, Int64(Self.limit))
    }
    guard count == 1 else { throw ChatError(.conflict, "At most \(Self.limit) devices can be registered.") }
  }

  /// What is not there is no error.
  package func delete(_ ids: [String], of user: UUID) async throws {
    _ = try await pool.query("DELETE FROM push_devices WHERE user_id = $1 AND id = ANY ($2)", user, ids)
  }

  package func list(of user: UUID) async throws -> [PushDevice] {
    try await pool.query("SELECT id, platform, updated_at FROM push_devices WHERE user_id = $1 ORDER BY id", user)
      .map { row in
        let (id, platform, updated) = try row.decode((String, String, Timestamp).self)
        return PushDevice(id: id, platform: platform, updatedAt: updated)
      }
  }

  private static func check(_ field: String, _ text: String, _ most: Int) throws {
    guard (1...most).contains(text.unicodeScalars.count), !text.utf8.contains(0) else {
      throw ChatError.invalid(field, "\(field) has 1 to \(most) characters.")
    }
  }
}
