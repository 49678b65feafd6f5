import JSON
import Networking
import TestSupport

/// Sends into its rooms, edits and deletes what it has sent, each message with a key of its own, which it repeats until there is an answer that settles it.
/// Now and then it sends what must be refused. Some send over HTTP, some over a socket. On the test's loop.
final class Sender: @unchecked Sendable {
  private enum Attempt {
    case stored(id: String, seq: Int)
    case refused(String)
    /// Not settled: send it again.
    case again
  }

  let index: Int
  let person: Person
  private let rooms: [String]
  private let foreignRoom: String
  private let cluster: Cluster
  private let ledger: Ledger
  private let isOnSocket: Bool
  private var random: SeededGenerator
  private var socket: SocketClient?
  private var gateway: Int

  init(
    index: Int, person: Person, rooms: [String], foreignRoom: String, cluster: Cluster, ledger: Ledger, seed: UInt64,
    isOnSocket: Bool
  ) {
    self.index = index
    self.person = person
    self.rooms = rooms
    self.foreignRoom = foreignRoom
    self.cluster = cluster
    self.ledger = ledger
    self.isOnSocket = isOnSocket
    random = SeededGenerator(seed: seed, actor: 1000 + index)
    gateway = index % 2
  }

  func run() async {
    var number = 0
    var last: (key: String, room: String)?
    var own: [(room: String, id: String, seq: Int)] = []
    while !ledger.isDone {
      number += 1
      let room = rooms[Int.random(in: 0..<rooms.count, using: &random)]
      let key = "key-\(index)-\(number)"
      let body = "\(index)/\(number) " + String(repeating: "abc ", count: Int.random(in: 0..<40, using: &random))
      if case .stored(let id, let seq) = await settle(body, in: room, key: key, expecting: nil) {
        ledger.accept(id, seq: seq, body: body, in: room)
        last = (key, room)
        own.append((room, id, seq))
        if own.count > 20 { own.removeFirst() }
      }
      if !own.isEmpty, Int.random(in: 0..<3, using: &random) == 0 {
        let index = Int.random(in: 0..<own.count, using: &random)
        let isDelete = Int.random(in: 0..<4, using: &random) == 0
        await change(own[index], to: isDelete ? nil : "\(self.index)/\(number) edited")
        if isDelete { own.remove(at: index) }
      }
      if Int.random(in: 0..<8, using: &random) == 0 { await misbehave(number, last) }
      try? await cluster.loop.sleep(for: .milliseconds(Int64.random(in: 20...160, using: &random)))
    }
    socket?.cut()
    person.api.close()
  }

  /// Edits a message, or deletes it. A change that is repeated since no answer came is made once: the store answers a
  /// repetition with what it has, and the version says which entry that was.
  private func change(_ message: (room: String, id: String, seq: Int), to body: String?) async {
    var tries = 0
    while true {
      tries += 1
      switch isOnSocket ? await changeOnSocket(message.id, body) : await changeOverHTTP(message.id, body) {
      case .stored(_, let version):
        let entry = Ledger.Accepted(
          id: message.id, kind: body == nil ? .deleted : .updated, messageSeq: message.seq, body: body ?? "")
        return ledger.accept(entry, seq: version, in: message.room)
      case .refused(let code):
        return ledger.violation("the change of \(message.seq) in \(message.room) was refused as \(code)")
      case .again:
        ledger.retries += 1
        guard tries < 600 else {
          return ledger.violation("no answer to a change of \(message.seq) in \(message.room)")
        }
        try? await cluster.loop.sleep(for: .milliseconds(Int64.random(in: 20...120, using: &random)))
      }
    }
  }

  private func changeOverHTTP(_ id: String, _ body: String?) async -> Attempt {
    do {
      let answer = try await person.api.request(
        body == nil ? "DELETE" : "PATCH", "/api/messages/\(id)", body.map { ["body": .string($0)] },
        within: .seconds(30))
      if answer.status == 200 { return .stored(id: id, seq: try answer.int("version")) }
      let code = answer["code"]?.string ?? "status \(answer.status)"
      return answer.status == 503 && Self.isTransient(code) ? .again : .refused(code)
    } catch {
      return .again
    }
  }

  private func changeOnSocket(_ id: String, _ body: String?) async -> Attempt {
    do {
      let ack =
        if let body {
          try await connected().emit(
            "message:edit", ["messageId": .string(id), "body": .string(body)], within: .seconds(30))
        } else {
          try await connected().emit("message:delete", ["messageId": .string(id)], within: .seconds(30))
        }
      if let version = ack["message"]?["version"]?.int { return .stored(id: id, seq: version) }
      let code = ack["error"]?["code"]?.string ?? "\(JSONLiteral(ack))"
      return Self.isTransient(code) ? .again : .refused(code)
    } catch {
      moveOn()
      return .again
    }
  }

  private func connected() async throws -> SocketClient {
    if let socket, !socket.isClosed { return socket }
    let socket = try await SocketClient.connect(
      to: cluster.gatewayPorts[gateway], token: person.token, loop: cluster.loop)
    socket.onEvent = { _, _ in }
    self.socket = socket
    return socket
  }

  private func moveOn() {
    socket?.cut()
    socket = nil
    gateway = 1 - gateway
  }

  /// What must be refused, and never be delivered.
  private func misbehave(_ number: Int, _ last: (key: String, room: String)?) async {
    let body = "REFUSED \(index)/\(number)"
    switch Int.random(in: 0..<3, using: &random) {
    case 0: _ = await settle(body, in: foreignRoom, key: "foreign-\(index)-\(number)", expecting: "not_found")
    case 1:
      guard let last else { return }
      _ = await settle(body, in: last.room, key: last.key, expecting: "idempotency_key_reused")
    default:
      let large = body + String(repeating: "x", count: 17_000)
      _ = await settle(large, in: rooms[0], key: "large-\(index)-\(number)", expecting: "too_large")
    }
  }

  /// Repeats until it is stored or refused for good.
  private func settle(_ body: String, in room: String, key: String, expecting code: String?) async -> Attempt {
    var tries = 0
    while true {
      tries += 1
      let attempt = isOnSocket ? await sendOnSocket(body, room, key) : await sendOverHTTP(body, room, key)
      switch attempt {
      case .again:
        ledger.retries += 1
        guard tries < 600 else {
          ledger.violation("no answer to \(key) after \(tries) attempts")
          return attempt
        }
        try? await cluster.loop.sleep(for: .milliseconds(Int64.random(in: 20...120, using: &random)))
      case .stored:
        if let code { ledger.violation("'\(body.prefix(40))' was stored, not refused as \(code)") }
        return attempt
      case .refused(let actual):
        if actual == code {
          ledger.refused += 1
        } else {
          ledger.violation("\(key) was refused as \(actual), not \(code ?? "stored")")
        }
        return attempt
      }
    }
  }

  private static func isTransient(_ code: String) -> Bool {
    code == "unavailable" || code == "outcome_unknown" || code == "overloaded"
  }

  private func sendOverHTTP(_ body: String, _ room: String, _ key: String) async -> Attempt {
    do {
      let answer = try await person.api.request(
        "POST", "/api/messages", ["conversationId": .string(room), "body": .string(body)],
        headers: ["Idempotency-Key": key], within: .seconds(30))
      if answer.status == 201 {
        if answer.headers["idempotency-replayed"] != nil { ledger.replays += 1 }
        return .stored(id: try answer.string("id"), seq: try answer.int("seq"))
      }
      let code = answer["code"]?.string ?? "status \(answer.status)"
      return answer.status == 503 && Self.isTransient(code) ? .again : .refused(code)
    } catch {
      return .again
    }
  }

  private func sendOnSocket(_ body: String, _ room: String, _ key: String) async -> Attempt {
    do {
      let ack = try await connected().emit(
        "message:send",
        ["conversationId": .string(room), "body": .string(body), "idempotencyKey": .string(key)], within: .seconds(30))
      if let message = ack["message"], let id = message["id"]?.string, let seq = message["seq"]?.int {
        if ack["replayed"]?.bool == true { ledger.replays += 1 }
        return .stored(id: id, seq: seq)
      }
      let code = ack["error"]?["code"]?.string ?? "\(JSONLiteral(ack))"
      return Self.isTransient(code) ? .again : .refused(code)
    } catch {
      moveOn()
      return .again
    }
  }
}
