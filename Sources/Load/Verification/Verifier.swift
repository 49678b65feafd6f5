/// Whether every message that was answered reaches every member of its room, once and in order, and is the same message for
/// all of them. A value without I/O: it is told what was sent, answered and received.
///
/// A room belongs to one run, so its log is what the run has made of it: seqs rise by one, and each is one message. A message
/// that was not answered (an error, a time-out) may be in the log or not, but not twice.
package struct Verifier: Sendable {
  /// What is wrong, counted by receiver: a message that two members lack is lost twice.
  package struct Faults: Sendable, Equatable {
    /// Answered, and never received.
    package var lost = 0
    /// Received more than once.
    package var duplicates = 0
    /// Received behind a later one.
    package var misordered = 0
    /// Another message than others have under that seq, or the same under two.
    package var mismatched = 0

    package init() {}

    package var isNone: Bool { self == Faults() }
  }

  private struct Entry {
    var number: Int32 = -1
    var isAnswered = false
    /// Members who have it.
    var receivers: Int32 = 0
  }

  private struct Room {
    var members: Int
    /// The newest entry when the first member joined: the log of the run begins behind it.
    var base: Int64?
    var log: [Entry] = []
    var receptions: [Int: Reception] = [:]
  }

  private var rooms: [Room]
  /// The seq of each message, by its number; 0 while nobody knows.
  private var seqs: [Int64] = []
  package private(set) var faults = Faults()
  /// What was wrong, in words; the first ones.
  package private(set) var findings: [String] = []
  /// Deliveries that are still due of what was answered.
  package private(set) var outstanding = 0
  package private(set) var answered = 0
  package private(set) var received = 0

  private static let findingLimit = 20
  /// The longest log of a room that is followed.
  private static let logLimit: Int64 = 50_000_000

  /// - Parameter members: how many are in each room.
  package init(members: [Int]) { rooms = members.map { Room(members: $0) } }

  // MARK: What happens

  /// A member has joined and gets what follows `last`.
  package mutating func joined(_ member: Int, room: Int, after last: Int64) {
    if rooms[room].base == nil { rooms[room].base = last }
    if rooms[room].receptions[member] == nil { rooms[room].receptions[member] = Reception(after: last) }
  }

  /// The newest entry up to which a member has been sent the log: where it resumes. Nil before it has joined.
  package func position(of member: Int, in room: Int) -> Int64? { rooms[room].receptions[member].map { $0.next - 1 } }

  /// A number for a message that is about to be sent.
  package mutating func number() -> Int {
    seqs.append(0)
    return seqs.count - 1
  }

  /// A message was answered with success.
  package mutating func answered(_ number: Int, room: Int, seq: Int64) {
    answered += 1
    guard let place = place(seq, room) else {
      return fault(\.mismatched, "message \(number) was answered with seq \(seq), which room \(room) cannot have")
    }
    check(number, seq, room, place)
    guard !rooms[room].log[place].isAnswered else { return }
    rooms[room].log[place].isAnswered = true
    outstanding += rooms[room].members - Int(rooms[room].log[place].receivers)
  }

  /// A member has got an entry of the log.
  /// - Parameter number: nil for an entry that is no message of the run.
  /// - Returns: whether it was new to that member.
  package mutating func received(_ member: Int, room: Int, number: Int?, seq: Int64) -> Bool {
    received += 1
    guard let place = place(seq, room), let outcome = rooms[room].receptions[member]?.receive(seq) else {
      fault(\.mismatched, "user \(member) has got seq \(seq) of room \(room), which it has not joined")
      return false
    }
    if let number { check(number, seq, room, place) }
    switch outcome {
    case .inOrder, .early: break
    case .late: fault(\.misordered, "user \(member) has got seq \(seq) of room \(room) behind a later one")
    case .repeated:
      fault(\.duplicates, "user \(member) has got seq \(seq) of room \(room) again")
      return false
    }
    count(place, room)
    return true
  }

  /// A member has read an entry in the history, since it could not resume where it was: the order says nothing then.
  package mutating func caughtUp(_ member: Int, room: Int, number: Int?, seq: Int64) {
    guard let place = place(seq, room), let outcome = rooms[room].receptions[member]?.receive(seq), outcome != .repeated
    else { return }
    received += 1
    if let number { check(number, seq, room, place) }
    count(place, room)
  }

  private mutating func count(_ place: Int, _ room: Int) {
    rooms[room].log[place].receivers += 1
    if rooms[room].log[place].isAnswered { outstanding -= 1 }
  }

  /// Counts what has not come. Call it once, when nothing more will.
  package mutating func finish() {
    for room in rooms.indices {
      guard let base = rooms[room].base else { continue }
      for (place, entry) in rooms[room].log.enumerated()
      where entry.isAnswered && Int(entry.receivers) < rooms[room].members {
        let seq = base + Int64(place) + 1
        faults.lost += rooms[room].members - Int(entry.receivers)
        guard findings.count < Self.findingLimit else { continue }
        let missing = rooms[room].receptions.filter { $0.value.lacks(seq) }.keys.sorted()
        note("message \(entry.number), seq \(seq) of room \(room), never reached users \(missing.prefix(5))")
      }
    }
  }

  // MARK: Parts

  private mutating func place(_ seq: Int64, _ room: Int) -> Int? {
    guard let base = rooms[room].base, seq > base, seq - base < Self.logLimit else { return nil }
    let place = Int(seq - base - 1)
    while rooms[room].log.count <= place { rooms[room].log.append(Entry()) }
    return place
  }

  /// The first who tells of a seq says which message it is, and the first who tells of a message where it is.
  private mutating func check(_ number: Int, _ seq: Int64, _ room: Int, _ place: Int) {
    guard seqs.indices.contains(number) else {
      return fault(\.mismatched, "seq \(seq) of room \(room) has the number \(number), which was never sent")
    }
    let known = rooms[room].log[place].number
    if known < 0 { rooms[room].log[place].number = Int32(number) }
    if seqs[number] == 0 { seqs[number] = seq }
    if known >= 0, Int(known) != number {
      fault(\.mismatched, "seq \(seq) of room \(room) is message \(known) for one and \(number) for another")
    } else if seqs[number] != seq {
      let other = seqs[number]
      fault(\.mismatched, "message \(number) has seq \(other) and \(seq) in room \(room)")
    }
  }

  private mutating func fault(_ kind: WritableKeyPath<Faults, Int>, _ text: @autoclosure () -> String) {
    faults[keyPath: kind] += 1
    note(text())
  }

  private mutating func note(_ text: @autoclosure () -> String) {
    if findings.count < Self.findingLimit { findings.append(text()) }
  }
}
