import CLinux
import Glibc

extension Connection {
  /// Connects to an address and returns a connection that is not started yet. On the loop's thread.
  /// Throws `NetworkError` (refused, timedOut, system).
  package static func connect(
    to address: SocketAddress, loop: EventLoop, timeout: Duration = .seconds(5)
  ) async throws -> Connection {
    loop.assertCurrent()
    if case .unix(let path) = address.kind, path.utf8.count > SocketAddress.maximumPathLength {
      throw NetworkError(errno: ENAMETOOLONG, "connect to \(address)")
    }
    let descriptor = address.withSockaddr { clinux_connect($0, $1) }
    guard descriptor >= 0 else { throw NetworkError(errno: -descriptor, "connect to \(address)") }
    let attempt = ConnectAttempt(descriptor: descriptor, loop: loop)
    let error = await attempt.outcome(within: timeout)
    guard error == 0 else {
      Glibc.close(descriptor)
      throw NetworkError(errno: error, "connect to \(address)")
    }
    return Connection(descriptor: descriptor, peer: address, loop: loop)
  }

  /// Resolves `host` (a literal, a path, or a name, which is looked up off the loop) and connects to the first address
  /// that answers.
  package static func connect(
    host: String, port: UInt16, loop: EventLoop, timeout: Duration = .seconds(5)
  ) async throws -> Connection {
    var last = NetworkError(.resolution, "resolve \(host)", reason: "no address")
    for address in try await Resolver.resolve(host, port: port) {
      do {
        return try await connect(to: address, loop: loop, timeout: timeout)
      } catch let error as NetworkError {
        last = error
      }
    }
    throw last
  }
}

/// Waits for a connect under way: writable or failed.
private final class ConnectAttempt: Channel, @unchecked Sendable {
  private var continuation: UnsafeContinuation<Int32, Never>?
  private var timer: LoopTimer?

  func outcome(within timeout: Duration) async -> Int32 {
    await withUnsafeContinuation { continuation in
      self.continuation = continuation
      loop.add(self, .write)
      timer = loop.schedule(after: timeout) { [self] in finish(ETIMEDOUT) }
    }
  }

  override func ready(_ events: Interest) { finish(clinux_socket_error(descriptor)) }

  private func finish(_ error: Int32) {
    guard let continuation else { return }
    self.continuation = nil
    timer?.cancel()
    // It holds this attempt as this attempt holds it.
    timer = nil
    loop.remove(self)
    continuation.resume(returning: error)
  }
}

/// Names to addresses with getaddrinfo, on a worker thread: it blocks.
package enum Resolver {
  package static func resolve(_ host: String, port: UInt16) async throws -> [SocketAddress] {
    if let literal = SocketAddress(literal: host, port: port) { return [literal] }
    return try await WorkerThreads.blocking.run {
      var hints = addrinfo()
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      var list: UnsafeMutablePointer<addrinfo>?
      let code = getaddrinfo(host, nil, &hints, &list)
      guard code == 0 else {
        throw NetworkError(.resolution, "resolve \(host)", reason: String(cString: gai_strerror(code)))
      }
      defer { freeaddrinfo(list) }
      var found: [SocketAddress] = []
      var next = list
      while let entry = next {
        var storage = sockaddr_storage()
        memcpy(&storage, entry.pointee.ai_addr, Int(entry.pointee.ai_addrlen))
        if var address = SocketAddress(storage) {
          address.port = port
          found.append(address)
        }
        next = entry.pointee.ai_next
      }
      return found
    }
  }
}
