import Glibc
import Networking
import Testing

@Suite("Listening and connecting")
struct ListenerTests {
  @Test("connecting where nobody listens is refused, and may be tried again", arguments: [false, true])
  func refused(isUnix: Bool) async throws {
    try await onLoop { loop in
      var address = SocketAddress(.unix(temporaryPath()))
      if !isUnix {
        let listener = try Listener(.loopback(port: 0), loop: loop) { _ in }
        address = listener.address
        listener.close()
      }
      do {
        _ = try await Connection.connect(to: address, loop: loop)
        Issue.record("somebody answered")
      } catch let error as NetworkError {
        #expect(error.code == .refused)
        #expect(error.isRetriable)
      }
    }
  }

  @Test("a connect that is not answered times out")
  func timeout() async throws {
    try await onLoop { loop in
      // A backlog that nobody takes from: the kernel answers no more once it is full.
      let listener = try Listener(.loopback(port: 0), loop: loop, backlog: 0) { _ in }
      listener.loop.remove(listener)
      var pending: [Connection] = []
      do {
        for _ in 0..<8 {
          pending.append(try await Connection.connect(to: listener.address, loop: loop, timeout: .milliseconds(50)))
        }
        Issue.record("eight connects fitted a backlog of none")
      } catch let error as NetworkError {
        #expect(error.code == .timedOut)
      }
      listener.close()
    }
  }

  @Test("a name is looked up off the loop, and the first address that answers is taken")
  func names() async throws {
    try await onLoop { loop in
      let listener = try Listener(.loopback(port: 0), loop: loop) { $0.start(Peer($0)) }
      let connection = try await Connection.connect(host: "localhost", port: listener.address.port, loop: loop)
      #expect(loop.isCurrent)
      #expect(connection.peer?.port == listener.address.port)
      listener.close()
    }
  }

  @Test("two loops share a port")
  func reusePort() async throws {
    try await onLoop { loop in
      let first = try Listener(.loopback(port: 0), loop: loop) { _ in }
      let second = try Listener(first.address, loop: loop) { _ in }
      #expect(second.address == first.address)
      #expect(throws: NetworkError.self) { try Listener.checkIsFree(first.address) }
      first.close()
      second.close()
      try Listener.checkIsFree(first.address)
    }
  }

  @Test("a connection that nobody starts is closed")
  func dropped() async throws {
    try await onLoop { loop in
      let listener = try Listener(.loopback(port: 0), loop: loop) { _ in }
      let client = Peer(try await Connection.connect(to: listener.address, loop: loop))
      client.connection.start(client)
      try await client.waitForEnd()
      listener.close()
    }
  }

  @Test("closing from within accept takes no more")
  func closeWithinAccept() async throws {
    try await onLoop { loop in
      let condition = Condition(loop)
      var count = 0
      var listener: Listener?
      listener = try Listener(.loopback(port: 0), loop: loop) { _ in
        count += 1
        listener?.close()
        condition.signal()
      }
      let port = try #require(listener?.address.port)
      let clients = (0..<3).map { _ in RawClient(port: port) }
      try await condition.wait("accept") { count > 0 }
      for client in clients { #expect(client.readToEnd() == []) }
      #expect(count == 1)
    }
  }

  @Test("a Unix socket that a dead process left is replaced, a living one is not, and closing removes it")
  func unixFiles() async throws {
    try await onLoop { loop in
      let path = temporaryPath()
      let address = SocketAddress(.unix(path))
      let dead = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var storage = sockaddr_un()
      storage.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &storage.sun_path) { $0.copyBytes(from: path.utf8) }
      let bound = withUnsafePointer(to: &storage) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(dead, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      #expect(bound == 0)
      close(dead)
      #expect(access(path, F_OK) == 0)

      let listener = try Listener(address, loop: loop) { $0.start(Peer($0)) }
      do {
        _ = try Listener(address, loop: loop) { _ in }
        Issue.record("two listen on one path")
      } catch let error as NetworkError { #expect(error.code == .addressInUse) }
      #expect(throws: NetworkError.self) { try Listener.checkIsFree(address) }
      _ = try await Connection.connect(to: address, loop: loop)
      listener.close()
      #expect(access(path, F_OK) != 0)
      try Listener.checkIsFree(address)
      #expect(access(path, F_OK) != 0)
    }
  }

  @Test("a path that does not fit is refused rather than cut")
  func longPath() async throws {
    try await onLoop { loop in
      let address = SocketAddress(.unix("/tmp/" + String(repeating: "x", count: 110)))
      #expect(throws: NetworkError.self) { try Listener(address, loop: loop) { _ in } }
      await #expect(throws: NetworkError.self) { _ = try await Connection.connect(to: address, loop: loop) }
    }
  }

  @Test(
    "addresses are written as they are read",
    arguments: ["127.0.0.1", "255.255.255.255", "0.0.0.0", "::", "::1", "2001:db8::1", "fe80::1:2:3", "/run/x.sock"])
  func addresses(_ text: String) throws {
    let address = try #require(SocketAddress(literal: text, port: 8080))
    #expect(address.host == text)
    switch address.kind {
    case .v4: #expect(address.description == "\(text):8080")
    case .v6: #expect(address.description == "[\(text)]:8080")
    case .unix: #expect(address.description == "unix:\(text)")
    }
  }

  @Test("what is no address needs a resolver", arguments: ["", "localhost", "127.0.0", "1.2.3.4.5", "::g"])
  func notLiteral(_ text: String) {
    #expect(SocketAddress(literal: text, port: 1) == nil)
  }
}
