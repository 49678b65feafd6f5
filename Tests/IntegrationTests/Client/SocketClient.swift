import JSON
import Networking
import TestSupport

/// The server refused a Socket.IO CONNECT.
struct Refused: Error, CustomStringConvertible {
  var message: String
  var code: String
  var description: String { "refused: \(code): \(message)" }
}

/// The connection is gone, so nobody knows what became of what was asked on it.
struct Cut: Error, CustomStringConvertible {
  let description: String
}

/// A Socket.IO 5 client over WebSocket, on a loop: connect, events both ways, acks, heartbeat. It never reconnects.
final class SocketClient: ConnectionHandler, @unchecked Sendable {
  struct Event: Sendable {
    var name: String
    var argument: JSONValue
    /// The client's offset as of this event.
    var offset: String?
  }

  let loop: EventLoop
  private let connection: Connection
  private(set) var id = ""
  /// The session's secret and the last offset, as the official clients keep them for a recovery.
  private(set) var privateID: String?
  private(set) var offset: String?
  /// The server continues the session of `connect(to:token:recovering:…)`.
  private(set) var isRecovered = false
  private(set) var isClosed = false
  /// Events are kept here unless `onEvent` takes them.
  private(set) var events: [Event] = []
  /// Without what is only true now, and comes when it comes.
  var entries: [Event] { events.filter { $0.name != "presence" && $0.name != "presence_update" } }
  var onEvent: ((String, JSONValue) -> Void)?
  var onClose: (() -> Void)?
  private var input: [UInt8] = []
  private var isUpgraded = false
  private let connectPacket: [UInt8]
  private var connecting: UnsafeContinuation<Void, any Error>?
  private var acks: [Int: UnsafeContinuation<JSONValue, any Error>] = [:]
  private var nextAck = 0
  private var waiters: [UnsafeContinuation<Void, Never>] = []

  private init(_ connection: Connection, _ loop: EventLoop, _ auth: JSONLiteral) {
    self.connection = connection
    self.loop = loop
    connectPacket = Array("40".utf8) + auth.bytes
  }

  /// Connects and logs in. Throws `Refused`, `Cut` or `TestFailure` (too late).
  /// - Parameter before: the connection that was cut, for a recovery of its session.
  /// - Parameter offset: how far it has read of that; nil for everything.
  static func connect(
    to port: UInt16, token: String?, recovering before: SocketClient? = nil, at offset: String? = nil,
    vocabulary: String? = nil, loop: EventLoop, within limit: Duration = .seconds(15),
    onEvent: ((String, JSONValue) -> Void)? = nil
  ) async throws -> SocketClient {
    let connection: Connection
    do {
      connection = try await Connection.connect(to: .loopback(port: port), loop: loop)
    } catch {
      throw Cut(description: "\(error)")
    }
    var fields: [JSONLiteral.Member] = []
    if let token { fields.append(.init(key: "token", value: .string(token))) }
    if let before, let id = before.privateID {
      fields.append(.init(key: "pid", value: .string(id)))
      if let offset = offset ?? before.offset { fields.append(.init(key: "offset", value: .string(offset))) }
    }
    if let vocabulary { fields.append(.init(key: "vocabulary", value: .string(vocabulary))) }
    let auth = JSONLiteral.object(fields)
    let client = SocketClient(connection, loop, auth)
    client.privateID = before?.privateID
    client.offset = offset ?? before?.offset
    client.onEvent = onEvent
    connection.start(client)
    connection.write(
      Array(
        """
        GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r
        Host: 127.0.0.1:\(port)\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
        Sec-WebSocket-Version: 13\r
        \r\n
        """.utf8))
    let timer = loop.schedule(after: limit) { client.finishConnecting(.failure(TestFailure("connect took too long"))) }
    defer { timer.cancel() }
    do {
      try await withUnsafeThrowingContinuation { client.connecting = $0 }
    } catch {
      connection.close()
      throw error
    }
    return client
  }

  /// Emits an event with one argument and waits for its ack. Throws `Cut`, or `TestFailure` after `limit`.
  func emit(_ event: String, _ payload: JSONLiteral, within limit: Duration = .seconds(20)) async throws -> JSONValue {
    guard !isClosed else { throw Cut(description: "not connected") }
    let number = nextAck
    nextAck += 1
    send("42\(number)", .array([.string(event), payload]))
    let timer = loop.schedule(after: limit) { [self] in
      acks.removeValue(forKey: number)?.resume(throwing: TestFailure("no ack of \(event) within \(limit)"))
    }
    defer { timer.cancel() }
    return try await withUnsafeThrowingContinuation { acks[number] = $0 }
  }

  /// Emits without asking for an ack.
  func tell(_ event: String, _ payload: JSONLiteral) { send("42", .array([.string(event), payload])) }

  func send(_ prefix: String, _ json: JSONLiteral) { sendText(Array(prefix.utf8) + json.bytes) }

  func sendText(_ bytes: [UInt8]) { connection.write(WebSocketFrames.encode(bytes)) }

  /// Any bytes, such as no frame would have.
  func sendRaw(_ bytes: [UInt8]) { connection.write(bytes) }

  /// Joins a conversation; the ack, whatever it says.
  func join(_ conversation: String, afterSeq: Int? = nil) async throws -> JSONValue {
    // An explicit null is as good as none.
    try await emit(
      "join", ["conversationId": .string(conversation), "afterSeq": afterSeq.map { .integer(Int64($0)) } ?? nil])
  }

  /// Ends the connection without a farewell, as a phone in a tunnel does.
  func cut() { connection.close() }

  /// Stops reading; the server feels it as back-pressure.
  func stopReading() { connection.pauseReading() }

  // MARK: Waiting

  /// Waits until `condition` holds, which is asked again after each event and at the end of the connection.
  func wait(_ what: String, within limit: Duration = .seconds(15), _ condition: () -> Bool) async throws {
    var isLate = false
    let timer = loop.schedule(after: limit) { [self] in
      isLate = true
      wakeAll()
    }
    defer { timer.cancel() }
    while !condition() {
      guard !isLate else {
        throw TestFailure("\(what) did not come within \(limit); events: \(events.suffix(5).map(\.name))")
      }
      if isClosed { throw Cut(description: "the connection ended before \(what) came") }
      await withUnsafeContinuation { waiters.append($0) }
    }
  }

  /// Waits for the next event of that name that `matches`, and takes it out of `events`.
  func next(
    _ name: String, within limit: Duration = .seconds(15), where matches: (JSONValue) -> Bool = { _ in true }
  ) async throws -> JSONValue {
    var found: Int?
    try await wait("event \(name)", within: limit) {
      found = events.firstIndex { $0.name == name && matches($0.argument) }
      return found != nil
    }
    return events.remove(at: found ?? 0).argument
  }

  func waitForClose(within limit: Duration = .seconds(15)) async throws {
    try await wait("the end of the connection", within: limit) { isClosed }
  }

  /// The bodies of the messages that have come, in their order.
  var bodies: [String] { events.filter { $0.name == "message:new" }.compactMap { $0.argument["body"]?.string } }
  var seqs: [Int] { events.filter { $0.name == "message:new" }.compactMap { $0.argument["seq"]?.int } }

  private func wakeAll() {
    let woken = waiters
    waiters = []
    for waiter in woken { waiter.resume() }
  }

  private func finishConnecting(_ result: Result<Void, any Error>) {
    connecting?.resume(with: result)
    connecting = nil
  }

  // MARK: Receiving

  func received(_ bytes: UnsafeRawBufferPointer) {
    input.append(contentsOf: bytes)
    var position = 0
    if !isUpgraded {
      guard let end = input.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return }
      guard input.starts(with: Array("HTTP/1.1 101 ".utf8)) else {
        let head = String(decoding: input.prefix(300), as: UTF8.self)
        finishConnecting(.failure(Cut(description: "no upgrade: \(head)")))
        return connection.close()
      }
      isUpgraded = true
      position = end
    }
    while let frame = WebSocketFrames.decode(input, at: &position) { receive(frame) }
    if position > 0 { input.removeFirst(position) }
    if !waiters.isEmpty { wakeAll() }
  }

  private func receive(_ frame: WebSocketFrames.Frame) {
    switch frame.opcode {
    case 1: packet(frame.payload)
    case 8:
      connection.write(WebSocketFrames.encode(frame.payload, opcode: 8))
      connection.finish()
    case 9: connection.write(WebSocketFrames.encode(frame.payload, opcode: 10))
    default: break
    }
  }

  private func packet(_ bytes: [UInt8]) {
    switch bytes.first {
    case UInt8(ascii: "0"): sendText(connectPacket)
    case UInt8(ascii: "2"): sendText([UInt8(ascii: "3")])
    case UInt8(ascii: "4"): message(bytes.dropFirst())
    default: break
    }
  }

  private func message(_ bytes: ArraySlice<UInt8>) {
    guard let type = bytes.first else { return }
    var rest = bytes.dropFirst()
    var number = 0
    var hasNumber = false
    while let digit = rest.first, (0x30...0x39).contains(digit) {
      number = number * 10 + Int(digit - 0x30)
      hasNumber = true
      rest = rest.dropFirst()
    }
    guard let json = try? JSONDocument(parsing: Array(rest)).root else { return }
    switch type {
    case UInt8(ascii: "0"):
      id = json["sid"]?.string ?? ""
      let secret = json["pid"]?.string
      isRecovered = secret != nil && secret == privateID
      privateID = secret
      finishConnecting(.success(()))
    case UInt8(ascii: "2"):
      guard let name = json[0]?.string else { return }
      if privateID != nil, json.count > 1, let last = json[json.count - 1]?.string { offset = last }
      if name == "offset" { return }
      let argument = json[1] ?? json
      if let onEvent { return onEvent(name, argument) }
      events.append(Event(name: name, argument: argument, offset: offset))
    case UInt8(ascii: "3") where hasNumber:
      if let argument = json[0] { acks.removeValue(forKey: number)?.resume(returning: argument) }
    case UInt8(ascii: "4"):
      let refusal = Refused(
        message: json["message"]?.string ?? "", code: json["data"]?["code"]?.string ?? "")
      finishConnecting(.failure(refusal))
    default: break
    }
  }

  func peerFinished() { connection.close() }

  func closed(_ reason: CloseReason) {
    isClosed = true
    finishConnecting(.failure(Cut(description: "\(reason)")))
    let waiting = acks
    acks = [:]
    for (_, continuation) in waiting { continuation.resume(throwing: Cut(description: "\(reason)")) }
    wakeAll()
    onClose?()
    onClose = nil
  }
}
