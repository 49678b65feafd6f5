import Networking
import Postgres
import TestSupport
import Testing

@testable import ChatKit

@Suite("Nodes")
struct NodeTests {
  @Test("a process has a row while it runs, which says what it is, and which is gone when it has stopped")
  func life() async throws {
    try await Domain.with { domain in
      let node = NodeRegistration(
        role: "gateway", host: "here", pid: 4711, pool: domain.pool, loop: domain.loop, interval: .milliseconds(50),
        connections: { (42, 40) }, keyVersions: { [1, 3] })
      node.start()
      try await eventually("the row") { try await Node.all(domain.pool).count == 1 }
      let row = try await Node.all(domain.pool)[0]
      #expect(row.id == node.id && row.role == "gateway" && row.host == "here" && row.pid == 4711)
      #expect(
        row.version == Version.current && row.connections == 42 && row.sockets == 40 && row.keyVersions == [1, 3]
          && row.isAlive)
      try await eventually("a renewal") { try await Node.all(domain.pool)[0].leaseUntil > row.leaseUntil }
      await node.stop()
      #expect(try await Node.all(domain.pool).isEmpty)
    }
  }

  @Test("a process that died is shown as dead, and a day later not any more")
  func death() async throws {
    try await Domain.with { domain in
      _ = try await domain.pool.query(
        """
        INSERT INTO nodes (id, role, version, host, pid, started_at, lease_until) VALUES
          (gen_random_uuid(), 'api', '1', 'gone', 1, now(), now() - interval '2 days'),
          (gen_random_uuid(), 'api', '1', 'dead', 2, now(), now() - interval '1 second')
        """)
      let node = NodeRegistration(
        role: "api", host: "here", pid: 3, pool: domain.pool, loop: domain.loop, connections: { (0, 0) },
        keyVersions: { [] })
      try await node.renew()
      let nodes = try await Node.all(domain.pool)
      #expect(Set(nodes.map(\.host)) == ["dead", "here"])
      #expect(nodes.filter(\.isAlive).map(\.host) == ["here"])
    }
  }

  @Test("a process hears from its row that it is drained, says that it has understood, and hears the end of it")
  func drain() async throws {
    try await Domain.with { domain in
      let node = NodeRegistration(
        role: "gateway", host: "here", pid: 1, pool: domain.pool, loop: domain.loop, interval: .milliseconds(50),
        connections: { (3, 2) }, keyVersions: { [] })
      var rates: [Double?] = []
      node.drain = { rates.append($0) }
      node.start()
      try await eventually("the row") { try await Node.all(domain.pool).count == 1 }
      let row = try await Node.all(domain.pool)[0]
      #expect(row.drainRate == nil && !row.isDraining)
      try await row.request(drain: 12.5, domain.pool)
      try await eventually("understood") { try await Node.all(domain.pool)[0].isDraining }
      #expect(rates == [12.5])
      try await row.request(drain: nil, domain.pool)
      try await eventually("the end") { try await !Node.all(domain.pool)[0].isDraining }
      #expect(rates == [12.5, nil])
      await node.stop()
    }
  }
}
