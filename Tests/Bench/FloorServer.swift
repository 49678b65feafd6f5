import Glibc
import Networking

/// What any server on this loop pays: it answers whatever arrives with one constant response, without looking at it.
/// Measured beside `GET /livez`, it says how fast the machine was at that moment, and what HTTP adds.
enum FloorServer {
  static let argument = "floor-server"

  static func run() -> Never {
    let loop = EventLoop()
    loop.execute {
      do {
        let listener = try Listener(.loopback(port: 0), loop: loop) { connection in
          connection.start(Constant(connection))
        }
        Report.note("floor listens on \(listener.address), ready")
      } catch {
        Report.note("floor: \(error)")
        exit(73)
      }
    }
    loop.run()
    exit(0)
  }

  private final class Constant: ConnectionHandler {
    private let connection: Connection

    init(_ connection: Connection) { self.connection = connection }

    func received(_ bytes: UnsafeRawBufferPointer) {
      connection.write(
        """
        HTTP/1.1 200 OK\r
        date: Thu, 01 Jan 1970 00:00:00 GMT\r
        content-length: 15\r
        content-type: application/json\r
        \r
        {"status":"ok"}
        """)
    }

    func peerFinished() { connection.close() }
    func closed(_ reason: CloseReason) {}
  }
}
