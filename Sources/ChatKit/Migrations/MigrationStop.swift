import Networking
import Postgres

/// Ends a migrator's work from outside: no statement is begun any more, and the one that runs is cancelled. What was in a
/// transaction is undone by that; what was not can be repeated. On the migrator's loop.
package final class MigrationStop: @unchecked Sendable {
  package private(set) var isRequested = false
  /// The one that works.
  var connection: PostgresConnection?

  package init() {}

  package func request() {
    guard !isRequested else { return }
    isRequested = true
    guard let connection else { return }
    let (configuration, pid, loop) = (connection.configuration, connection.processID, connection.loop)
    loop.start {
      // Where it cannot be cancelled it goes on to its end, and nothing follows it.
      guard let other = try? await PostgresConnection.connect(configuration, loop: loop) else { return }
      _ = try? await other.query("SELECT pg_cancel_backend($1)", pid)
      other.close()
    }
  }
}
