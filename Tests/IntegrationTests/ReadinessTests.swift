import ChatKit
import Glibc
import JSON
import Networking
import Synchronization
import TestSupport
import Testing

/// What chatd tells those who run it: orchestrators over HTTP, systemd over its socket.
@Suite("Readiness")
struct ReadinessTests {
  private func status(_ name: String, in answer: Answer) -> (status: String?, reason: String?) {
    let check = answer["checks"]?.array?.first { $0["name"]?.string == name }
    return (check?["status"]?.string, check?["reason"]?.string)
  }

  @Test("readiness names what is away; a gateway is not ready without Redis, an API is")
  func dependencies() async throws {
    let servers = try await EmbeddedServers.start(in: try TemporaryFolder.make())
    let installation = try Installation(servers)
    let arguments = [
      "--postgres", installation.postgres, "--redis", installation.redis, "--secrets", installation.secrets, "--loops",
      "1",
    ]
    let api = try await Observed.start(["api"] + arguments)
    let gateway = try await Observed.start(["gateway"] + arguments)
    try await withLoop { loop in
      for observed in [api, gateway] {
        let answer = try await observed.admin(loop).get("/readyz").expect(200)
        #expect(try answer.string("status") == "ready")
        #expect(answer.headers["cache-control"] == "no-store")
        for name in ["postgres", "migrations", "redis", "bus", "loops"] {
          #expect(status(name, in: answer).status == "ok", "\(name)")
        }
      }
      try await servers.kill(.redis)
      try await eventually("a gateway without Redis") {
        let answer = try await gateway.admin(loop).get("/readyz")
        guard answer.status == 503 else { return false }
        #expect(try answer.string("status") == "unready")
        #expect(status("redis", in: answer).status == "failed")
        #expect(status("redis", in: answer).reason?.isEmpty == false)
        #expect(status("postgres", in: answer).status == "ok")
        return true
      }
      let degraded = try await api.admin(loop).get("/readyz").expect(200)
      #expect(try degraded.string("status") == "degraded")
      #expect(status("redis", in: degraded).status == "degraded")
      for observed in [api, gateway] { try await observed.admin(loop).get("/livez").expect(200) }
      try await servers.restart(.redis)
      try await servers.kill(.postgres)
      try await eventually("an API without PostgreSQL") {
        let answer = try await api.admin(loop).get("/readyz")
        return answer.status == 503 && status("postgres", in: answer).status == "failed"
      }
      // The metrics do not depend on anybody.
      let metrics = try await api.admin(loop).get("/metrics").expect(200)
      #expect(metrics.text.contains("chatd_postgres_query_errors_total{"))
      try await servers.restart(.postgres)
      for observed in [api, gateway] {
        try await eventually("readiness after the restart") {
          try await observed.admin(loop).get("/readyz").status == 200
        }
      }
    }
    try await api.chatd.process.stop()
    try await gateway.chatd.process.stop()
    await servers.stop()
  }

  @Test("systemd is told when it is ready, alive, reloading and stopping", arguments: [false, true])
  func serviceManager(isAbstract: Bool) async throws {
    let folder = try TemporaryFolder.make()
    let name = isAbstract ? "@chatd-test-\(getpid())" : "\(folder)/notify"
    let manager = try Manager(name)
    let chatd = try await Chatd.start(
      ["all", "--embedded", "\(folder)/data", "--loops", "1"],
      environment: ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "600000"])
    try await eventually("READY") { manager.all.contains { $0.hasPrefix("READY=1\nSTATUS=all listens on ") } }
    #expect(manager.all.contains("STATUS=migrating: 0001_foundation"))
    let before = manager.all.count { $0 == "WATCHDOG=1" }
    try await eventually("signs of life") { manager.all.count { $0 == "WATCHDOG=1" } >= before + 3 }
    chatd.process.signal(SIGHUP)
    try await eventually("RELOADING, and READY again") {
      guard let reload = manager.all.firstIndex(where: { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") }) else {
        return false
      }
      return manager.all[reload...].contains { $0.hasPrefix("READY=1") }
    }
    #expect(try await chatd.process.stop() == .code(0))
    #expect(manager.all.last { !$0.hasPrefix("WATCHDOG") }?.hasPrefix("STOPPING=1") == true)
    // The private servers must not have spoken in our name.
    #expect(manager.all.count { $0.hasPrefix("READY=1") } == 2)
  }

  @Test("a watchdog of another process is not ours")
  func watchdogOfAnother() async throws {
    let folder = try TemporaryFolder.make()
    let manager = try Manager("\(folder)/notify")
    let chatd = try await Chatd.start(
      ["all", "--embedded", "\(folder)/data", "--loops", "1"],
      environment: ["NOTIFY_SOCKET": "\(folder)/notify", "WATCHDOG_USEC": "100000", "WATCHDOG_PID": "1"])
    try await eventually("READY") { manager.all.contains { $0.hasPrefix("READY=1") } }
    try await chatd.process.stop()
    #expect(!manager.all.contains("WATCHDOG=1"))
  }

  /// systemd's end of the notification socket.
  private final class Manager: Sendable {
    private let messages = Mutex<[String]>([])

    init(_ name: String) throws {
      let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      let bytes = Array(name.utf8)
      let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
      withUnsafeMutableBytes(of: &address) { raw in
        for (index, byte) in bytes.enumerated() { raw[offset + index] = byte == UInt8(ascii: "@") ? 0 : byte }
      }
      let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(offset + bytes.count))
        }
      }
      guard bound == 0 else { throw TestFailure("bind \(name): \(String(cString: strerror(errno)))") }
      EventLoop.startThread(named: "test-notify") { [self] in
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
          let count = recv(descriptor, &buffer, buffer.count, 0)
          guard count > 0 else { return }
          let text = String(decoding: buffer[..<count], as: UTF8.self)
          messages.withLock { $0.append(text) }
        }
      }
    }

    var all: [String] { messages.withLock { $0 } }
  }

  @Test("the unit is hardened")
  func unit() async throws {
    let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    let analyze = "/usr/bin/systemd-analyze"
    guard access(analyze, X_OK) == 0 else { return }
    let checked = try await TestProcess.run(
      analyze,
      ["security", "--offline=yes", "--threshold=15", "--no-pager", "\(folder)/manifests/systemd/chatd@.service"])
    #expect(checked.exit == .code(0), "\(checked.output)")
  }
}
