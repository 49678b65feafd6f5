import CLinux
import Load
import Networking

/// Many sockets that were connected and joined.
struct Crowd: Sendable {
  var sockets: [LoadSocket] = []
  /// From the TCP connect to the ack of the join.
  var latencies = LatencyHistogram()

  /// Connects every member of every room, at most `concurrency` at once.
  static func gather(
    _ rooms: [People.Room], _ address: DaemonAddress, concurrency: Int = 64, _ loop: EventLoop
  ) async throws -> Crowd {
    let queue = Queue(rooms)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<concurrency {
        group.addTask {
          while let (person, room) = queue.next() {
            let socket = LoadSocket(as: person, in: room.id, loop)
            let start = clinux_monotonic_ns()
            try await socket.open(address)
            queue.done(socket, clinux_monotonic_ns() - start)
          }
        }
      }
      try await group.waitForAll()
    }
    return queue.crowd
  }

  func close() { for socket in sockets { socket.close() } }

  /// Whose turn it is. On the loop's thread only, as all the tasks are.
  private final class Queue: @unchecked Sendable {
    private let rooms: [People.Room]
    private var room = 0
    private var member = 0
    private(set) var crowd = Crowd()

    init(_ rooms: [People.Room]) { self.rooms = rooms }

    /// One of each room, then the next of each: rooms fill evenly, as they do when a crowd comes back.
    func next() -> (Population.Person, People.Room)? {
      if room == rooms.count {
        room = 0
        member += 1
      }
      guard room < rooms.count, member < rooms[room].members.count else { return nil }
      defer { room += 1 }
      return (rooms[room].members[member], rooms[room])
    }

    func done(_ socket: LoadSocket, _ nanoseconds: UInt64) {
      crowd.sockets.append(socket)
      crowd.latencies.record(nanoseconds)
    }
  }
}
