import Primitives

/// Compares the leases in Redis with the sockets that gateways say they hold.
///
/// Both move while they are read: what differs is looked at a second time, after a pause, and counts only if it differs
/// still. A connection's name is never used twice, so what was not held at first and is in the store later has no socket;
/// what was held before and after the store was read for the second time, and was not in it, has no lease.
package struct PresenceVerification: Sendable {
  /// What was found, and how much was looked at.
  package struct Findings: Sendable {
    /// In the store, and held by no gateway: its user seems to be there until the lease ends.
    package var ghosts: [PresenceInspection.Lease] = []
    /// Sockets without a lease, and whose they are: their users seem not to be there.
    package var missing: [(lease: PresenceLease, node: String)] = []
    package var sockets = 0
    /// Of connections.
    package var leases = 0
    /// Of clients that renew by themselves: nobody holds a socket for them.
    package var devices = 0
    package var gateways = 0
    /// Those who were asked for their sockets, and did not answer.
    package var silent = 0

    package var isClean: Bool { ghosts.isEmpty && missing.isEmpty && silent == 0 }
  }

  private let inspection: PresenceInspection
  private let census: GatewayCensus

  package init(inspection: PresenceInspection, census: GatewayCensus) {
    self.inspection = inspection
    self.census = census
  }

  /// Throws `RedisError`.
  /// - Parameter pause: waits before the second look.
  package func run(
    within limit: Duration = .seconds(5), pause: () async throws -> Void
  ) async throws -> Findings {
    var findings = Findings()
    let first = try await store(&findings)
    let held = try await census.leases(within: limit)
    findings.gateways = held.asked
    findings.silent = held.asked - held.answered
    findings.sockets = held.elements.count
    let names = Set(held.elements.map(\.lease))
    let suspects = first.keys.filter { !names.contains($0) }
    let unleased = held.elements.filter { first[$0.lease] == nil }
    guard !suspects.isEmpty || !unleased.isEmpty else { return findings }
    try await pause()
    var ignored = Findings()
    let second = try await store(&ignored)
    let later = Set(try await census.leases(within: limit).elements.map(\.lease))
    findings.ghosts = suspects.compactMap { lease in
      second[lease].map { PresenceInspection.Lease(lease: lease, until: $0) }
    }.sorted { $0.lease.text < $1.lease.text }
    findings.missing = unleased.filter { second[$0.lease] == nil && later.contains($0.lease) }
      .map { ($0.lease, $0.node) }
    return findings
  }

  /// The leases of connections, with their ends.
  private func store(_ findings: inout Findings) async throws -> [PresenceLease: Timestamp] {
    var found: [PresenceLease: Timestamp] = [:]
    var devices = Set<PresenceLease>()
    var cursor: String? = "0"
    while let from = cursor {
      let (leases, next) = try await inspection.leases(from: from)
      for one in leases {
        if case .connection = one.lease.device { found[one.lease] = one.until } else { devices.insert(one.lease) }
      }
      cursor = next
    }
    findings.leases = found.count
    findings.devices = devices.count
    return found
  }
}
