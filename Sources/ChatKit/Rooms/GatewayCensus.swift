import JSON
import Networking
package import Primitives
package import Redis

/// A socket as its gateway tells of it.
package struct HeldSocket: Sendable {
  package var id: String
  /// Nil of a server that is not chatd.
  package var user: UUID?
  package var username: String?
  package var address: String
  package var connectedAt: Timestamp?
  package var rooms: [String]
}

/// Asks all gateways which sockets they hold, over the Socket.IO Redis adapter's request channel, as `fetchSockets` does. On
/// one loop; each question waits for all who are subscribed to that channel, or until its time is up.
package final class GatewayCensus: @unchecked Sendable {
  /// What was answered, and by how many of those who were asked.
  package struct Answer<Element: Sendable>: Sendable {
    package var elements: [Element]
    package var answered: Int
    package var asked: Int

    /// Nobody was left out.
    package var isWhole: Bool { answered >= asked }
  }

  private let redis: RedisClient
  private let subscriber: RedisSubscriber
  private let loop: EventLoop
  private let uid = RoomEmitter.makeUID()
  private var questions: [String: Question] = [:]
  private var isReady = false

  private final class Question {
    var documents: [JSONValue] = []
    var answered = 0
    var asked: Int?
    var isOver = false
    var continuation: UnsafeContinuation<Void, Never>?

    func wake() {
      continuation?.resume()
      continuation = nil
    }
  }

  /// - Parameter redis: whose configuration the census connects with a second time, to hear.
  package init(redis: RedisClient) {
    self.redis = redis
    loop = redis.loop
    subscriber = RedisSubscriber(redis.configuration, loop: redis.loop)
    subscriber.onMessage = { [unowned self] _, payload in received(payload) }
  }

  package func close() { subscriber.close() }

  private func received(_ payload: UnsafeRawBufferPointer) {
    guard let root = try? JSONDocument(parsing: payload).root, let id = root["requestId"]?.string,
      let question = questions[id]
    else { return }
    question.documents.append(root)
    // An answer in parts says which is the last.
    if root["more"]?.bool != true { question.answered += 1 }
    if let asked = question.asked, question.answered >= asked { question.wake() }
  }

  /// The sockets in any of the rooms; all where none is named. Throws `RedisError`.
  package func sockets(in rooms: [String], within limit: Duration = .seconds(5)) async throws -> Answer<HeldSocket> {
    let (documents, answered, asked) = try await ask(.fetch, rooms: rooms, within: limit)
    let sockets = documents.flatMap { document in
      (document["sockets"]?.array.map { Array($0) } ?? []).compactMap { Self.socket($0) }
    }
    return Answer(elements: sockets, answered: answered, asked: asked)
  }

  private static func socket(_ json: JSONValue) -> HeldSocket? {
    guard let id = json["id"]?.string else { return nil }
    return HeldSocket(
      id: id, user: json["data"]?["userId"]?.uuid, username: json["data"]?["username"]?.string,
      address: json["handshake"]?["address"]?.string ?? "",
      connectedAt: (json["handshake"]?["issued"]?.int64).map { Timestamp(microseconds: $0 * 1000) },
      rooms: json["rooms"]?.array.map { $0.compactMap(\.string) } ?? [])
  }

  /// The leases of presence that sockets hold, and on which node. Throws `RedisError`.
  func leases(within limit: Duration) async throws -> Answer<(lease: PresenceLease, node: String)> {
    let (documents, answered, asked) = try await ask(.leases, rooms: [], within: limit)
    var held: [(lease: PresenceLease, node: String)] = []
    for document in documents {
      let node = document["node"]?.string ?? ""
      for text in document["leases"]?.array.map({ Array($0) }) ?? [] {
        if let lease = text.string.flatMap({ PresenceLease($0) }) { held.append((lease, node)) }
      }
    }
    return Answer(elements: held, answered: answered, asked: asked)
  }

  private func ask(
    _ kind: AdapterRequest.Kind, rooms: [String], within limit: Duration
  ) async throws -> (documents: [JSONValue], answered: Int, asked: Int) {
    if !isReady {
      try await subscriber.subscribe(AdapterChannel.responses(to: uid))
      isReady = true
    }
    let id = UUID.v7().description
    let question = Question()
    questions[id] = question
    defer { questions[id] = nil }
    let numbers = try await redis.send("PUBSUB", "NUMSUB", AdapterChannel.requests()).array ?? []
    let asked = Int(numbers.last?.integer ?? 0)
    question.asked = asked
    guard asked > 0 else { return ([], 0, 0) }
    let timer = loop.schedule(after: limit) {
      question.isOver = true
      question.wake()
    }
    defer { timer.cancel() }
    _ = try await redis.send(
      "PUBLISH", AdapterChannel.requests(), AdapterRequest.select(kind, rooms, uid: uid, requestID: id))
    while question.answered < asked, !question.isOver {
      await withUnsafeContinuation { question.continuation = $0 }
    }
    return (question.documents, question.answered, asked)
  }
}
