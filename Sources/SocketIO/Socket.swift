package import JSON

/// A client in a namespace. On its loop only.
///
/// connecting -> connected -> gone. What is emitted while it connects follows the answer to its CONNECT; what is
/// emitted when it is gone is dropped.
package final class Socket: @unchecked Sendable {
  package let namespace: Namespace
  /// What the application keeps with the socket, until `onDisconnect` has returned.
  package var data: AnyObject?
  /// Handlers of this socket alone, in place of the namespace's.
  package var onEvent: ((Socket, String, Arguments, Ack?) -> Void)?
  package var onDisconnect: ((Socket, DisconnectReason) -> Void)?

  package private(set) var identifier: SessionID
  private(set) var membership = NamespaceMembership.connecting
  /// Nil once the socket is gone.
  private(set) var connection: SocketIOConnection?
  private var pendingConnect: PendingConnect?
  private var pendingAcks: PendingAcks?

  init(_ namespace: Namespace, _ connection: SocketIOConnection, identifier: SessionID, auth: JSONValue?) {
    self.namespace = namespace
    self.connection = connection
    self.identifier = identifier
    handshake = connection.handshake
    pendingConnect = PendingConnect(auth: auth)
  }

  /// What is known of the request that opened the session.
  package let handshake: Handshake

  /// The 20 characters that name the socket. Made on demand: `identifier` is cheaper to keep and to compare.
  package var id: String { identifier.description }
  package var isConnected: Bool { membership == .connected }
  package var isGone: Bool { membership == .absent }
  /// The CONNECT's payload, until the socket is connected.
  package var auth: JSONValue? { pendingConnect?.auth }

  /// Lets a client continue as the socket that it was: its answer bears this `id`, and the secret `privateID` with
  /// which it may come back. Within `onConnect` only. A nil `id` keeps the new one. False where `id` is not 20 base64url
  /// characters.
  @discardableResult
  package func recover(id: String?, privateID: String?) -> Bool {
    guard membership == .connecting, let pendingConnect else { return false }
    if let id {
      guard let known = SessionID(id) else { return false }
      identifier = known
    }
    pendingConnect.privateID = privateID
    return true
  }

  /// The bytes that were emitted and wait for the answer to the CONNECT.
  package var heldByteCount: Int { pendingConnect?.emitted.reduce(0) { $0 + $1.byteCount } ?? 0 }

  /// Forgets what was emitted and waits for the answer to the CONNECT.
  package func discardHeld() { pendingConnect?.emitted = [] }

  // MARK: Emitting

  /// Sends an event that is shared with other sockets of this namespace.
  @inline(__always)
  package func send(_ packet: PreparedPacket) {
    if membership == .connected { connection?.send(packet) } else { hold(packet) }
  }

  /// Emits an event; `arguments` writes its arguments, a binary one with `JSONWriter.attachment(_:)`.
  package func emit(
    _ event: String, attachments: [[UInt8]] = [], _ arguments: (inout JSONWriter) -> Void = { _ in }
  ) {
    guard !isGone else { return }
    SocketIOPacketEncoder.event(event, arguments).withBytes { write(.event, json: $0, attachments: attachments) }
  }

  /// Emits an event from its JSON array, `["name",…]`, which is not checked.
  package func emit(eventArray json: [UInt8], attachments: [[UInt8]] = []) {
    json.withUnsafeBytes { write(.event, json: $0, attachments: attachments) }
  }

  /// Emits an event that the client is to acknowledge within `timeout`; `completion` is called exactly once.
  package func emit(
    _ event: String, timeout: Duration, attachments: [[UInt8]] = [],
    _ arguments: (inout JSONWriter) -> Void = { _ in },
    acknowledged completion: @escaping (Result<Arguments, AckFailure>) -> Void
  ) {
    guard let id = expectAck(within: timeout, completion) else { return }
    SocketIOPacketEncoder.event(event, arguments).withBytes {
      write(.event, id: id, json: $0, attachments: attachments)
    }
  }

  /// Emits an event from its JSON array, which is not checked, and has it acknowledged as above.
  package func emit(
    eventArray json: [UInt8], timeout: Duration, attachments: [[UInt8]] = [],
    acknowledged completion: @escaping (Result<Arguments, AckFailure>) -> Void
  ) {
    guard let id = expectAck(within: timeout, completion) else { return }
    json.withUnsafeBytes { write(.event, id: id, json: $0, attachments: attachments) }
  }

  /// The id to send; nil when `completion` has been told that there will be no acknowledgement.
  private func expectAck(
    within timeout: Duration, _ completion: @escaping (Result<Arguments, AckFailure>) -> Void
  ) -> UInt64? {
    guard let connection, !isGone else {
      completion(.failure(.disconnected))
      return nil
    }
    let acks = pendingAcks ?? PendingAcks(loop: connection.engine.loop)
    pendingAcks = acks
    guard let id = acks.expect(within: timeout, completion) else {
      completion(.failure(.tooMany))
      return nil
    }
    return id
  }

  /// Emits an event and waits for its acknowledgement.
  package func request(
    _ event: String, timeout: Duration, attachments: [[UInt8]] = [],
    _ arguments: (inout JSONWriter) -> Void = { _ in }
  ) async throws(AckFailure) -> Arguments {
    let result: Result<Arguments, AckFailure> = await withUnsafeContinuation { continuation in
      emit(event, timeout: timeout, attachments: attachments, arguments) { continuation.resume(returning: $0) }
    }
    return try result.get()
  }

  func acknowledge(_ id: UInt64, json: UnsafeRawBufferPointer, attachments: [[UInt8]]) {
    write(.ack, id: id, json: json, attachments: attachments)
  }

  private func write(
    _ type: SocketIOPacketType, id: UInt64? = nil, json: UnsafeRawBufferPointer, attachments: [[UInt8]] = []
  ) {
    guard !isGone else { return }
    let packet = SocketIOPacketEncoder.encode(
      type, prefix: namespace.prefix, id: id, attachments: attachments.count, json: json)
    guard membership == .connected else { return hold(PreparedPacket(packet: packet, attachments: attachments)) }
    connection?.send(packet: packet)
    for attachment in attachments { connection?.send(binary: attachment) }
  }

  @inline(never)
  private func hold(_ packet: PreparedPacket) {
    guard membership == .connecting, let pendingConnect, let connection else { return }
    guard pendingConnect.emitted.count < connection.server.configuration.heldPackets else {
      return connection.close(.slowReceiver)
    }
    pendingConnect.emitted.append(packet)
  }

  // MARK: Leaving

  /// Puts the client out of the namespace, which it does not enter again by itself. With `close` it is put out of all
  /// of its namespaces and its transport is closed.
  package func disconnect(close: Bool = false) {
    guard let connection else { return }
    if close { return connection.disconnectAll() }
    if membership == .connected { write(.disconnect, json: UnsafeRawBufferPointer(start: nil, count: 0)) }
    connection.remove(self)
    leave(.serverDisconnected)
  }

  /// Closes the transport as if it had broken: for a client that is known to have gone, and has come back by another.
  package func drop() { connection?.close(.transportClosed) }

  /// The socket is gone. The application hears of it unless it has yet to let the socket in, or has not.
  func leave(_ reason: DisconnectReason) {
    guard membership != .absent else { return }
    let wasConnected = membership == .connected
    membership = .absent
    connection = nil
    pendingAcks?.failAll()
    pendingAcks = nil
    if wasConnected {
      namespace.socketCount -= 1
      tellGone(reason)
    } else {
      pendingConnect?.ended = reason
      pendingConnect?.task?.cancel()
    }
  }

  private func tellGone(_ reason: DisconnectReason) {
    if let onDisconnect { onDisconnect(self, reason) } else { namespace.onDisconnect?(self, reason) }
    // What is kept with a socket mostly holds the socket in turn.
    data = nil
    onEvent = nil
    onDisconnect = nil
  }

  // MARK: Connecting

  func decide(with task: Task<Void, Never>) {
    if membership == .connecting { pendingConnect?.task = task }
  }

  /// The application lets the socket in.
  func accept() {
    guard let pending = pendingConnect else { return }
    pendingConnect = nil
    guard membership == .connecting, let connection else {
      return tellGone(pending.ended ?? .transportClosed)
    }
    var json = JSONWriter()
    json.beginObject()
    json.field("sid", id)
    if let privateID = pending.privateID { json.field("pid", privateID) }
    json.endObject()
    membership = .connected
    namespace.socketCount += 1
    json.withBytes { write(.connect, json: $0) }
    for packet in pending.emitted { connection.send(packet) }
    connection.clearGuard()
    namespace.onConnected?(self)
    for packet in pending.received {
      guard membership == .connected else { return }
      deliver(packet)
    }
  }

  /// The application refuses the socket.
  func refuse(_ refusal: ConnectRefusal) {
    pendingConnect = nil
    guard membership == .connecting, let connection else { return }
    membership = .absent
    self.connection = nil
    connection.remove(self)
    connection.refuse(namespace.prefix, refusal)
  }

  // MARK: Receiving

  /// Keeps a packet that came before the answer; false when there are too many.
  func keepEarly(_ packet: SocketIOPacket, limit: Int) -> Bool {
    guard let pendingConnect, pendingConnect.received.count < limit else { return false }
    pendingConnect.received.append(packet)
    return true
  }

  func deliver(_ packet: SocketIOPacket) {
    if packet.type == .ack {
      guard let id = packet.id else { return }
      let arguments = Arguments(acknowledgement: packet.payload, attachments: packet.attachments)
      pendingAcks?.complete(id, .success(arguments))
      return
    }
    guard let handler = onEvent ?? namespace.onEvent, let payload = packet.payload, let name = payload[0] else {
      return
    }
    let text = name.string ?? String(decoding: name.rawBytes, as: UTF8.self)
    handler(
      self, text, Arguments(event: payload, attachments: packet.attachments), packet.id.map { Ack(self, id: $0) })
  }
}
