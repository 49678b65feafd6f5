import CLinux
import Glibc

/// A listening socket of one loop. Every loop of a group listens on the same port (SO_REUSEPORT) and the kernel spreads
/// the connections.
package final class Listener: Channel, @unchecked Sendable {
  /// The address in force: with port 0 asked for, the port that was given.
  package let address: SocketAddress
  /// Nil once closed: it usually holds the server that holds this.
  private var accept: ((Connection) -> Void)?
  private let file: UnixSocketFile?
  private lazy var resume = loop.timer { [unowned self] in loop.modify(self, .read) }

  /// Listens at once; `accept` gets each connection on the loop and must call `start` on it.
  /// A Unix socket that a dead process left behind is replaced; one that is listened on is not.
  /// Throws `NetworkError` when the address cannot be had.
  package init(
    _ address: SocketAddress, loop: EventLoop, backlog: Int32 = 4096, reusePort: Bool = true,
    accept: @escaping (Connection) -> Void
  ) throws {
    try UnixSocketFile.clear(address)
    let descriptor = address.withSockaddr { clinux_listen($0, $1, backlog, reusePort ? 1 : 0) }
    guard descriptor >= 0 else { throw NetworkError(errno: -descriptor, "listen on \(address)") }
    file = UnixSocketFile(address)
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
    }
    if case .unix = address.kind {
      self.address = address
    } else {
      self.address = SocketAddress(storage) ?? address
    }
    self.accept = accept
    super.init(descriptor: descriptor, loop: loop)
    loop.add(self, .read)
  }

  deinit {
    guard accept != nil else { return }
    file?.remove()
    Glibc.close(descriptor)
  }

  /// Throws `NetworkError` when somebody has the address. With `reusePort` the kernel would let two programs of one user
  /// share a port silently; so the first listener of a process asks before it takes it.
  package static func checkIsFree(_ address: SocketAddress) throws {
    try UnixSocketFile.clear(address)
    let descriptor = address.withSockaddr { clinux_listen($0, $1, 1, 0) }
    guard descriptor >= 0 else { throw NetworkError(errno: -descriptor, "listen on \(address)") }
    UnixSocketFile(address)?.remove()
    Glibc.close(descriptor)
  }

  package override func ready(_ events: Interest) {
    // Bounded, so that a flood of connects leaves the others their turn.
    for _ in 0..<64 {
      guard let accept else { return }
      var peer = sockaddr_storage()
      let accepted = clinux_accept(descriptor, &peer)
      if accepted >= 0 {
        accept(Connection(descriptor: accepted, peer: SocketAddress(peer), loop: loop))
        continue
      }
      switch -accepted {
      case EAGAIN: return
      // The connection had failed before it was taken (accept(2) says which).
      case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH, EPERM: continue
      default:
        // Out of descriptors or memory: without a pause this would spin, for the socket stays readable.
        loop.modify(self, [])
        resume.arm(after: .milliseconds(100))
        return
      }
    }
  }

  package override func abandoned() { close() }

  /// Stops listening; accepted connections live on.
  package func close() {
    guard accept != nil else { return }
    accept = nil
    resume.cancel()
    loop.remove(self)
    file?.remove()
    Glibc.close(descriptor)
  }
}
