import ChatKit
import JSON
import Networking
import TestSupport
import Testing

@Suite("A Redis that answers late")
struct LateSubscriptionTests {
  /// Between a gateway and its Redis. While it `holds`, what a gateway's subscriber says does not get through.
  private final class Proxy: @unchecked Sendable {
    private let loop: EventLoop
    private let redis: SocketAddress
    private var listener: Listener?
    private var pairs: [Pair] = []
    var holds = false {
      didSet { if !holds { for pair in pairs { pair.release() } } }
    }
    var heldCount: Int { pairs.reduce(0) { $0 + $1.held.count } }

    init(to redis: SocketAddress, loop: EventLoop) throws {
      self.redis = redis
      self.loop = loop
      listener = try Listener(.loopback(port: 0), loop: loop) { [unowned self] in accept($0) }
    }

    var port: UInt16 { listener?.address.port ?? 0 }

    private func accept(_ connection: Connection) {
      let pair = Pair(connection, self)
      pairs.append(pair)
      connection.start(pair)
      loop.start { [self] in
        guard let server = try? await Connection.connect(to: redis, loop: loop) else { return connection.close() }
        pair.connect(server)
      }
    }

    func close() {
      listener?.close()
      for pair in pairs { pair.end() }
    }
  }

  /// One connection of a gateway.
  private final class Pair: ConnectionHandler, @unchecked Sendable {
    private final class Answers: ConnectionHandler, @unchecked Sendable {
      unowned let pair: Pair
      init(_ pair: Pair) { self.pair = pair }
      func received(_ bytes: UnsafeRawBufferPointer) { pair.client.write(Array(bytes)) }
      func peerFinished() { pair.end() }
      func closed(_ reason: CloseReason) { pair.end() }
    }

    let client: Connection
    private var server: Connection?
    private unowned let proxy: Proxy
    private var isSubscriber = false
    private(set) var held: [UInt8] = []
    private var answers: Answers?

    init(_ client: Connection, _ proxy: Proxy) {
      self.client = client
      self.proxy = proxy
    }

    func connect(_ server: Connection) {
      self.server = server
      let answers = Answers(self)
      self.answers = answers
      server.start(answers)
      release()
    }

    func release() {
      guard let server, !held.isEmpty else { return }
      server.write(held)
      held = []
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
      let chunk = Array(bytes)
      if String(decoding: chunk, as: UTF8.self).contains("chatd-rooms") { isSubscriber = true }
      if server == nil || (proxy.holds && isSubscriber) || !held.isEmpty { held += chunk } else { server?.write(chunk) }
    }

    func peerFinished() { end() }
    func closed(_ reason: CloseReason) { end() }

    func end() {
      client.close()
      server?.close()
    }
  }

  @Test("what was said before a late SUBSCRIBE was confirmed is read from the store, though nothing follows it")
  func late() async throws {
    try await withLoop { loop in
      var options = EmbeddedOptions()
      options.isDurable = false
      let servers = try await EmbeddedServers.start(in: "\(try TemporaryFolder.make())/data", options: options)
      let proxy = try Proxy(to: SocketAddress(.unix(servers.redisSocket)), loop: loop)
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
