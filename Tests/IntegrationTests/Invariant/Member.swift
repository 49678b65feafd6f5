import JSON
import Networking
import TestSupport

/// Reads its rooms on a socket. After any cut it comes back, on the other gateway if its own is away, and resumes from
/// its cursor. Every third lets Socket.IO recover its session, and resumes only where that is refused.
///
/// It takes nothing on trust: what comes must be the cursor's next, each time. Now and then it says how far it has read.
/// On the test's loop.
final class Member: @unchecked Sendable {
  let index: Int
  let rooms: [String]
  private let person: Person
  private let cluster: Cluster
  private let ledger: Ledger
  private var gateway: Int
  private var socket: SocketClient?
  /// By room: what the entries were; element n is of seq n + 1. Of a message its own seq is 0.
  private(set) var received: [String: [Entry]] = [:]
  /// By room: what its messages say now, by their seq.
  private(set) var state: [String: [Int: Int]] = [:]

  struct Entry: Equatable {
    var kind: Ledger.Kind
    var messageSeq: Int
  }

  init(index: Int, person: Person, rooms: [String], cluster: Cluster, ledger: Ledger) {
    self.index = index
    self.person = person
    self.rooms = rooms
    self.cluster = cluster
    self.ledger = ledger
    gateway = index % 2
    for room in rooms { received[room] = [] }
  }

  func cursor(_ room: String) -> Int { received[room]?.count ?? 0 }

  /// A cut from outside: the network, a lid that closes.
  func cut() { socket?.cut() }

  func run() async {
    var isFirst = true
    var hasJoined = false
    while !ledger.isOver {
      do {
        let socket = try await SocketClient.connect(
          to: cluster.gatewayPorts[gateway], token: person.token, recovering: index % 3 == 0 ? self.socket : nil,
          loop: cluster.loop, onEvent: { [unowned self] name, argument in receive(name, argument) })
        self.socket = socket
        if !isFirst { ledger.reconnects += 1 }
        isFirst = false
        if socket.isRecovered, hasJoined {
          ledger.recovered += 1
        } else {
          hasJoined = false
          for room in rooms { try await join(room, socket) }
          hasJoined = true
        }
        try await socket.wait("the end", within: .seconds(3600)) { socket.isClosed }
      } catch let refused as Refused {
        ledger.violation("member \(index) was \(refused)")
        return
      } catch {
        socket?.cut()
        gateway = 1 - gateway
        try? await cluster.loop.sleep(for: .milliseconds(Int64(20 + index % 50)))
      }
    }
  }

  func stop() { socket?.cut() }

  private func join(_ room: String, _ socket: SocketClient) async throws {
    while !ledger.isOver {
      let ack = try await socket.join(room, afterSeq: cursor(room))
      if ack["ok"]?.bool == true {
        if ack["reset"]?.bool == true { ledger.violation("member \(index) was told to reset at \(cursor(room))") }
        ledger.resumed += ack["replayed"]?.int ?? 0
        return
      }
      let code = ack["error"]?["code"]?.string ?? ""
      guard code == "unavailable" || code == "overloaded" || code == "outcome_unknown" else {
        return ledger.violation("the join of member \(index) was answered \(JSONLiteral(ack))")
      }
      try await cluster.loop.sleep(for: .milliseconds(100))
    }
  }

  private func receive(_ name: String, _ argument: JSONValue) {
    // What it is told of conversations and their members is not of their order.
    if Self.others.contains(name) { return }
    guard let kind = Ledger.Kind(rawValue: name), let room = argument["conversationId"]?.string,
      let seq = argument["seq"]?.int,
      let messageSeq = kind == .created ? seq : argument["messageSeq"]?.int,
      let body = kind == .deleted ? "" : argument["body"]?.string
    else { return ledger.violation("member \(index) got \(name) \(JSONLiteral(argument))") }
    ledger.deliveries += 1
    if body.hasPrefix("REFUSED") { ledger.violation("member \(index) got what was refused: \(body.prefix(40))") }
    guard received[room] != nil else { return ledger.violation("member \(index) got a message of \(room)") }
    let next = cursor(room) + 1
    if seq != next {
      ledger.violation(
        "member \(index) on gateway \(gateway) expected seq \(next) of \(room) and got \(seq): "
          + (seq < next ? "again" : "a gap"))
      // Goes on as a client would: what is old is dropped, and a gap is resumed from.
      if seq > next { socket?.cut() }
      return
    }
    received[room]?.append(Entry(kind: kind, messageSeq: messageSeq))
    // What is read from the store is said as it is now; then the changes that made it so follow, and say it again.
    state[room, default: [:]][messageSeq] = body.hashValue
    if (seq + index) % 40 == 0 { cluster.loop.start { [self] in await read(seq, of: room) } }
  }

  private static let others: Set<String> = [
    "participant:joined", "participant:updated", "conversation:updated", "read:receipt", "delivered:receipt",
    "inbox:update",
  ]

  /// Every other one says only that it was delivered.
  private func read(_ seq: Int, of room: String) async {
    let isRead = (seq + index) % 80 == 0
    do {
      guard
        let ack = try await socket?.emit(
          isRead ? "message:read" : "message:delivered",
          ["conversationId": .string(room), "seq": .integer(Int64(seq))])
      else { return }
      guard ack["ok"]?.bool == true else {
        let code = ack["error"]?["code"]?.string ?? ""
        if code == "unavailable" || code == "overloaded" { return }
        return ledger.violation("a cursor of member \(index) was answered \(JSONLiteral(ack))")
      }
      let position = ack[isRead ? "readSeq" : "deliveredSeq"]?.int ?? 0
      if position < seq { ledger.violation("the cursor of member \(index) is at \(position), not at \(seq)") }
      if isRead { ledger.read(seq, of: room, by: person.id) }
    } catch {
      // Cut off: nobody knows, and whoever reads on says more.
    }
  }
}
