import Commands
import Postgres

/// A condition that `apply --wait` waits for.
package enum CheckKind: DocumentKind {
  package static let name = "Check"
  package static let summary = "A condition that 'chatctl apply --wait' waits for"
  package static let note: String? = "'apply --wait' waits for it, nothing is applied of it"

  package static func declare(_ spec: inout ManifestReader) {
    spec.value(
      "condition",
      .choice(
        "CONDITION",
        [
          Choice("migrations", "the schema is current"), Choice("nodes", "so many processes live"),
          Choice("outbox", "no more events wait than that"), Choice("dead", "no more dead letters wait than that"),
          Choice("keys", "every live process has the active key"),
        ]), isRequired: true, "What is looked at.")
    spec.value("role", .string("ROLE", example: "gateway"), defaultText: "any", "Of 'nodes': the role that is counted.")
    spec.value("atLeast", .int(0...1_000_000), defaultText: "1", "Of 'nodes'.")
    spec.value("atMost", .int(0...1_000_000_000), defaultText: "0", "Of 'outbox' and 'dead'.")
  }

  /// Why it does not hold; nil when it does.
  static func failure(_ manifest: Manifest, _ backends: ManifestBackends) async throws -> String? {
    let spec = manifest.spec
    switch spec["condition"]?.string {
    case "migrations":
      do { try await Migrator.checkIsCurrent(backends.postgres) } catch let error as MigrationError {
        return "\(error)"
      }
      return nil
    case "nodes":
      let role = spec["role"]?.string
      let count = try await Node.all(backends.postgres).count {
        $0.isAlive && (role == nil || $0.role == role || $0.role == "all")
      }
      let wanted = spec["atLeast"]?.integer ?? 1
      return count >= wanted ? nil : "\(count) of \(wanted) \(role ?? "processes") live"
    case "keys":
      guard let active = try await MessageKeyRecord.all(backends.postgres).first(where: { $0.state == .active }) else {
        return "no key is active"
      }
      let behind = try await Node.all(backends.postgres).count {
        $0.isAlive && !$0.keyVersions.contains(active.version)
      }
      return behind == 0 ? nil : "\(behind) processes have not loaded key \(active.version)"
    case let condition:
      let waiting = try await backends.postgres.query(
        condition == "dead"
          ? "SELECT count(*) FROM dead_letters WHERE dropped_at IS NULL" : "SELECT count(*) FROM outbox")
      let count: Int64 = try waiting.get(0, 0)
      let most = spec["atMost"]?.integer ?? 0
      return count <= Int64(most) ? nil : "\(count) wait, \(most) may"
    }
  }
}
