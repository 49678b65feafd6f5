import JSON
package import Postgres
package import Primitives

/// Whose manifests have brought what about: the table `manifest_owners`.
package struct ManifestOwners: Sendable {
  package struct Record: Sendable, Equatable {
    package let id: ManifestID
    package let owner: String
    /// Of a room or a webhook, whose names are the manifest's alone.
    package let object: UUID?
    package let appliedAt: Timestamp
    package let hash: String

    package init(id: ManifestID, owner: String, object: UUID?, appliedAt: Timestamp, hash: String) {
      self.id = id
      self.owner = owner
      self.object = object
      self.appliedAt = appliedAt
      self.hash = hash
    }
  }

  private let client: any PostgresClient

  package init(_ client: any PostgresClient) { self.client = client }

  /// - Parameter owner: nil for those of all.
  package func records(of owner: String? = nil) async throws -> [ManifestID: Record] {
    let rows = try await client.query(
      """
      SELECT kind, workspace, name, owner, object_id, applied_at, hash FROM manifest_owners
      WHERE $1::text IS NULL OR owner = $1
      """, owner)
    var records: [ManifestID: Record] = [:]
    for row in rows {
      let (kind, workspace, name, owner, object, at, hash) = try row.decode(
        (String, String, String, String, UUID?, Timestamp, String).self)
      let id = ManifestID(kind, name, workspace: workspace.isEmpty ? nil : workspace)
      records[id] = Record(id: id, owner: owner, object: object, appliedAt: at, hash: hash)
    }
    return records
  }

  /// What the names of a kind's manifests stand for.
  func objects(_ kind: String) async throws -> [ManifestID: UUID] {
    try await records().filter { $0.key.kind == kind }.compactMapValues(\.object)
  }

  /// Records what was applied, unless it is recorded so already.
  func record(_ manifest: Manifest, owner: String) async throws {
    try await client.execute(
      """
      INSERT INTO manifest_owners AS o (kind, workspace, name, owner, hash) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (kind, workspace, name) DO UPDATE SET owner = excluded.owner, hash = excluded.hash, applied_at = now()
      WHERE o.owner <> excluded.owner OR o.hash <> excluded.hash
      """, manifest.id.kind, manifest.id.workspace ?? "", manifest.id.name, owner, Self.hash(manifest.spec))
  }

  /// Binds a manifest's name to what it stands for, whoever owns it.
  func bind(_ id: ManifestID, to object: UUID) async throws {
    try await client.execute(
      """
      INSERT INTO manifest_owners AS o (kind, workspace, name, owner, hash, object_id) VALUES ($1, $2, $3, '', '', $4)
      ON CONFLICT (kind, workspace, name) DO UPDATE SET object_id = excluded.object_id
      WHERE o.object_id IS DISTINCT FROM excluded.object_id
      """, id.kind, id.workspace ?? "", id.name, object)
  }

  func forget(_ id: ManifestID) async throws {
    try await client.execute(
      "DELETE FROM manifest_owners WHERE kind = $1 AND workspace = $2 AND name = $3", id.kind, id.workspace ?? "",
      id.name)
  }

  static func hash(_ value: ManifestValue) -> String {
    var json = JSONWriter()
    value.write(to: &json, isSorted: true)
    return Hex.encode(SHA256.digest(json.bytes))
  }
}
