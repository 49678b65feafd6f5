import Commands
import Networking
import Postgres
import Primitives
import Redis
import TestSupport
import Testing

@testable import ChatKit

@Suite("Health")
struct HealthTests {
  @Test("the worst of findings is what is known to be bad; a number is judged by its thresholds")
  func statuses() {
    #expect(
      HealthFinding.Status.ok.worse(.unknown) == .unknown && HealthFinding.Status.critical.worse(.unknown) == .critical)
    #expect(HealthFinding.Status.unknown.worse(.warning) == .warning)
    func status(_ value: Double) -> HealthFinding.Status {
      HealthFinding("x", "text", fix: "mend it", metrics: [.init("n", value, warning: 10, critical: 20)]).status
    }
    #expect([9, 10, 19, 20].map(status) == [.ok, .warning, .warning, .critical])
    #expect(HealthFinding("x", "fine", fix: "mend it", metrics: []).fix == nil)
  }

  @Test("a clock within the round trip has no skew")
  func clocks() {
    let start = Timestamp(seconds: 1000)
    func skew(_ milliseconds: Int) -> HealthFinding {
      ClockSkew.finding("clock", "Redis", start + .milliseconds(milliseconds), start, start + .milliseconds(100))
    }
    #expect([0, 50, 100].allSatisfy { skew($0).metrics[0].value == 0 && skew($0).status == .ok })
    #expect(skew(-900).status == .warning && skew(-900).metrics[0].value == 0.9)
    #expect(skew(9000).status == .critical)
  }

  @Test("Redis' eviction policy and persistence are judged by what it is used for")
  func redis() async throws {
    // One of its own, whose settings may be changed.
    var options = EmbeddedOptions()
    options.services = [.redis]
    let servers = try await EmbeddedServers.start(in: try TemporaryFolder.make(), options: options)
    let socket = servers.redisSocket
    try await withLoop { loop in
      let redis = RedisClient(RedisConfiguration(.unix(socket)), loop: loop)
      func statuses(isBus: Bool) async -> [String: HealthFinding.Status] {
        let found = await RedisHealth(redis, isBus: isBus).server()
        return Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.status) })
      }
      #expect(await statuses(isBus: true).values.allSatisfy { $0 == .ok })
      _ = try await redis.send("CONFIG", "SET", "appendonly", "no")
      _ = try await redis.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
      let bus = await statuses(isBus: true)
      #expect(bus["redis.persistence"] == .warning && bus["redis.eviction"] == .warning)
      #expect(await statuses(isBus: false)["redis.persistence"] == .ok)
      _ = try await redis.send("CONFIG", "SET", "maxmemory", "1gb")
      #expect(await statuses(isBus: false)["redis.eviction"] == .critical)
      redis.close()
    }
    await servers.stop()
  }

  @Test("a backend that is away is a finding with a remedy")
  func away() async throws {
    try await withLoop { loop in
      var configuration = RedisConfiguration(.unix("/nonexistent/redis.sock"))
      configuration.commandTimeout = .milliseconds(200)
      let redis = RedisClient(configuration, loop: loop)
      let found = await RedisHealth(redis, isBus: true).server()
      #expect(found.map(\.status) == [.critical] && found[0].fix != nil)
      redis.close()
      var postgres = PostgresConfiguration(connectionString: "host=/nonexistent")
      postgres.connectTimeout = .milliseconds(500)
      let pool = PostgresPool(postgres, loop: loop)
      #expect(await StoreHealth(pool).server().map(\.status) == [.critical])
      #expect(await StoreHealth(pool).migrations().status == .critical)
      #expect(await QueueHealth(pool).outbox().status == .critical)
      await pool.close()
    }
  }

  @Test("a database says whether it is current, what waits, and who lives")
  func store() async throws {
    try await withDatabase { database in
      try await withLoop { loop in
        let pool = PostgresPool(PostgresConfiguration(connectionString: database), loop: loop)
        #expect(await StoreHealth(pool).migrations().status == .critical)
        _ = try await Migrator.with(PostgresConfiguration(connectionString: database), loop: loop) { try await $0.up() }
        #expect(await StoreHealth(pool).migrations().status == .ok)
        let server = await StoreHealth(pool).server()
        #expect(server.first { $0.name == "postgres" }?.status == .ok)
        #expect(server.first { $0.name == "clock.postgres" }?.status == .ok)
        // The tests' PostgreSQL is not durable.
        #expect(server.first { $0.name == "durability" }?.status != .ok)
        #expect(await StoreHealth(pool).replicas().status == .ok)
        let queues = QueueHealth(pool)
        #expect(await queues.outbox().status == .ok)
        #expect(await queues.deadLetters().status == .ok)
        #expect(await queues.nodes().status == .critical)
        _ = try await pool.query(
          """
          INSERT INTO outbox (id, type, conversation_id, created_at)
          VALUES (gen_random_uuid(), 'message.created', gen_random_uuid(), now() - interval '30 s')
          """)
        let outbox = await queues.outbox()
        #expect(outbox.status == .warning && outbox.fix?.contains("outbox replay") == true)
        _ = try await pool.query(
          """
          INSERT INTO nodes (id, role, version, host, pid, key_versions, connections, started_at, lease_until)
          VALUES (gen_random_uuid(), 'gateway', '1', $1, $2, '{}', 0, now(), now() + interval '1 minute')
          """, HostName.current, Int32(1))
        #expect(await queues.nodes().status == .ok)
        await pool.close()
      }
    }
  }

  @Test("open files are told of the processes on this machine")
  func files() {
    func node(_ pid: Int32, host: String) -> Node {
      Node(
        id: .v7(), role: "gateway", version: "1", host: host, pid: pid, keyVersions: [], connections: 0,
        sockets: 0, drainRate: nil, isDraining: false, startedAt: .now(), leaseUntil: .now(), isAlive: true)
    }
    let found = HostHealth.files([node(1, host: "here"), node(1, host: "there")], host: "here")
    #expect(found.map(\.name) == ["files.1"])
    #expect(HostHealth.files([node(1, host: "there")], host: "here").map(\.status) == [.ok])
    #expect(HostHealth.files([node(Int32.max, host: "here")], host: "here").map(\.status) == [.unknown])
  }

  @Test("a certificate that cannot be read is critical")
  func certificates() { #expect(HostHealth.certificate("/nonexistent").status == .critical) }
}
