import ChatKit
import JSON
import Networking
import TestSupport
import Testing

@Suite("A Redis that answers late")
struct LateSubscriptionTests {
  @Test("what was said before a late SUBSCRIBE was confirmed is read from the store, though nothing follows it")
  func late() async throws {
    try await withLoop { loop in
      var options = EmbeddedOptions()
      options.isDurable = false
      let servers = try await EmbeddedServers.start(in: "\(try TemporaryFolder.make())/data", options: options)
      // The subscriber is known by the channel that only it says.
      let proxy = try RedisProxy(to: SocketAddress(.unix(servers.redisSocket)), loop: loop) {
        $0.contains("chatd-rooms")
      }
      var installation = try Installation(servers)
      let api = try await installation.start("api")
      installation.environment = ["CHATD_REDIS_COMMAND_TIMEOUT": "400ms"]
      let gateway = try await installation.start("gateway", redis: "redis://127.0.0.1:\(proxy.port)")
      let stack = Stack(api: api, gateways: [gateway], loop: loop)
      func body() async throws {
        let ann = try await stack.person("ann")
        let id = try await stack.group(ann)
        let socket = try await stack.socket(ann)
        proxy.holds = true
        // It is not confirmed, and the join is answered all the same.
        let ack = try await socket.join(id)
        #expect(ack["ok"]?.bool == true)
        #expect(proxy.heldCount > 0)
        // The only message, and nobody here listens yet.
        _ = try await stack.send("unheard", to: id, by: ann).expect(201)
        try await eventually("the message's way through Redis") { try await outbox(servers) == "0" }
        try await loop.sleep(for: .milliseconds(300))
        #expect(socket.bodies == [])
        proxy.holds = false
        try await socket.wait("the message", within: .seconds(8)) { socket.bodies == ["unheard"] }
      }
      var failure: (any Error)?
      do { try await body() } catch { failure = error }
      for chatd in [gateway, api] { _ = try? await chatd.process.stop() }
      proxy.close()
      await servers.stop()
      if let failure { throw failure }
    }
  }

  private func outbox(_ servers: EmbeddedServers) async throws -> String {
    let result = try await TestProcess.run(
      "\(servers.postgresPrograms ?? "")/psql",
      ["-X", "-q", "-A", "-t", "-c", "SELECT count(*) FROM outbox", servers.postgresConnectionString])
    return String(result.output.split(separator: "\n").first ?? "")
  }
}
