import HTTP
import JSON
import Networking
import Primitives

/// A socket by Socket.IO's polling transport (Engine.IO 4): enough to log in, join a room, and hear one message.
final class CanarySocket {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Between packets of a payload.
  private static let separator: UInt8 = 0x1e
  private static let patience = Duration.seconds(10)

  private let client: HTTPClient
  private let url: String
  private let loop: EventLoop
  private var waiting: [[UInt8]] = []

  private init(_ client: HTTPClient, _ url: String, _ loop: EventLoop) {
    self.client = client
    self.url = url
    self.loop = loop
  }

  static func open(_ client: HTTPClient, _ url: String, token: String, loop: EventLoop) async throws -> CanarySocket {
    let base = "\(url)/socket.io/?EIO=4&transport=polling"
    let opening = try await client.get(base)
    guard opening.status.code == 200, opening.bytes.first == UInt8(ascii: "0"),
      let id = try? JSONDocument(parsing: Array(opening.bytes.dropFirst())).root["sid"]?.string
    else { throw Failure(description: "the handshake is answered \(opening.status.code)") }
    let socket = CanarySocket(client, "\(base)&sid=\(id)", loop)
    var json = JSONWriter(reserving: 1024)
    json.beginObject()
    json.field("token", token)
    json.endObject()
    try await socket.send(Array("40".utf8) + json.bytes)
    let answer = try await socket.packet(within: patience) {
      $0.starts(with: Array("40".utf8)) || $0.starts(with: Array("44".utf8))
    }
    guard let answer, answer.starts(with: Array("40".utf8)) else {
      throw Failure(description: "the login is refused: \(String(decoding: answer ?? [], as: UTF8.self))")
    }
    return socket
  }

  func join(_ room: String) async throws {
    var json = JSONWriter(reserving: 256)
    json.beginArray()
    json.value("join")
    json.beginObject()
    json.field("conversationId", room)
    json.endObject()
    json.endArray()
    try await send(Array("420".utf8) + json.bytes)
    let answer = try await packet(within: Self.patience) { $0.starts(with: Array("430".utf8)) }
    guard let answer, (try? JSONDocument(parsing: Array(answer.dropFirst(3))).root)?[0]?["ok"]?.bool == true else {
      throw Failure(description: "joining is refused: \(String(decoding: answer ?? [], as: UTF8.self))")
    }
  }

  /// False when it has not come in time.
  func waitForMessage(_ id: String, within limit: Duration) async throws -> Bool {
    let found = try await packet(within: limit) { packet in
      guard packet.starts(with: Array("42".utf8)),
        let event = try? JSONDocument(parsing: Array(packet.dropFirst(2))).root, event[0]?.string == "message:new"
      else { return false }
      return event[1]?["id"]?.string == id
    }
    return found != nil
  }

  func close() async { try? await send(Array("1".utf8)) }

  private func send(_ packet: [UInt8]) async throws {
    var headers = HTTPHeaders()
    headers.append("content-type", "text/plain;charset=UTF-8")
    let answer = try await client.send(.post, url, headers: headers, body: packet)
    guard answer.status.code == 200 else {
      throw Failure(description: "a packet is answered \(answer.status.code)")
    }
  }

  /// The next packet that `isWanted`; others are dropped. Nil when none has come in time.
  private func packet(within limit: Duration, _ isWanted: ([UInt8]) -> Bool) async throws -> [UInt8]? {
    let deadline = loop.now &+ limit.nanoseconds
    while true {
      while !waiting.isEmpty {
        let packet = waiting.removeFirst()
        // The server's heartbeat wants an answer.
        if packet == [UInt8(ascii: "2")] { try await send([UInt8(ascii: "3")]) }
        if isWanted(packet) { return packet }
      }
      guard loop.now < deadline else { return nil }
      let left = Duration.nanoseconds(Int64(deadline - loop.now))
      let answer: HTTPResponse
      do {
        answer = try await client.send(.get, url, timeout: left)
      } catch let error as HTTPError where error.code == .timedOut {
        return nil
      }
      guard answer.status.code == 200 else {
        throw Failure(description: "a poll is answered \(answer.status.code)")
      }
      waiting = answer.bytes.split(separator: Self.separator).map { Array($0) }
    }
  }
}
