import Glibc
import JSON
import Postgres
package import Primitives

/// Who runs a command, for the audit log and for events: nobody of the users.
package struct OperatorIdentity: Sendable {
  /// Stands where events and the audit log name a user.
  package static let id = UUID(high: 0, low: 0)

  /// `ann@web1`: the account, of whoever used sudo, and the machine.
  package let name: String

  package init(name: String) { self.name = name }

  /// Of this process.
  package static var current: OperatorIdentity {
    let account = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "\(geteuid())"
    let person = getenv("SUDO_USER").map { String(cString: $0) } ?? account
    return OperatorIdentity(name: "\(person)@\(HostName.current)")
  }

  /// Notes what was done, in the transaction that does it.
  func record(
    _ action: AuditLog.Action, of subject: UUID, in workspace: UUID, _ client: any PostgresClient,
    _ details: (inout JSONWriter) -> Void = { _ in }
  ) async throws {
    var json = JSONWriter()
    json.beginObject()
    json.field("operator", name)
    details(&json)
    json.endObject()
    try await AuditLog.record(action, of: subject, in: workspace, by: Self.id, details: json.bytes, client)
  }
}
