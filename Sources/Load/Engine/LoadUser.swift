/// A user of a run: one socket, and where it stands. On the run's loop only.
final class LoadUser: @unchecked Sendable {
  let index: Int
  var person: Population.Person
  /// The rooms that it is a member of.
  let rooms: [Int]
  var socket: ChatSocket?
  /// On its way back: cut, or not yet connected.
  var isAway = true
  /// Rooms whose join is under way: what comes meanwhile was missed, and is not measured.
  var resuming: Set<Int> = []
  /// From when the messages that it gets were due until they came.
  var latencies = LatencyHistogram(precision: 3)

  init(index: Int, person: Population.Person, rooms: [Int]) {
    self.index = index
    self.person = person
    self.rooms = rooms
  }

  var isConnected: Bool { !isAway && socket?.isOpen == true }
}
