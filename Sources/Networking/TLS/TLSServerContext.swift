import COpenSSL
import Synchronization

/// The certificates of a listener, shared by all loops. Any thread.
package final class TLSServerContext: Sendable {
  package let configuration: TLSServerConfiguration
  private let tickets = TLSTicketKeys()
  private let material: Mutex<TLSServerMaterial>

  /// Handshakes that were completed, those of them that resumed an earlier session, and those that failed.
  package var handshakes: Int { completed.load(ordering: .relaxed) }
  package var resumptions: Int { resumed.load(ordering: .relaxed) }
  package var failures: Int { failed.load(ordering: .relaxed) }
  let completed = Atomic(0)
  let resumed = Atomic(0)
  let failed = Atomic(0)

  /// Reads the files, which blocks. Throws `TLSError`.
  package init(_ configuration: TLSServerConfiguration) throws(TLSError) {
    self.configuration = configuration
    material = Mutex(try TLSServerMaterial(configuration, tickets))
  }

  /// Reads the files again, which blocks. New connections get what is there now, those under way keep what they have;
  /// when anything is wrong, what was in force stays in force for all.
  package func reload() throws(TLSError) {
    let fresh = try TLSServerMaterial(configuration, tickets)
    material.withLock { $0 = fresh }
  }

  /// When the first of the certificates ends, in seconds since 1970.
  package var expiry: Int64 { current.expiry }

  var current: TLSServerMaterial { material.withLock { $0 } }
}
