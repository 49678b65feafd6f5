import JSON
import Networking

/// One session's Socket.IO side: decodes its messages and keeps the sockets of the namespaces it is in.
package final class SocketIOConnection: EngineIOSession, @unchecked Sendable {
  package unowned let server: SocketIOServer
  private var decoder = SocketIOPacketDecoder()
  /// Nearly every session is in one namespace only, so the first needs no array.
  private var first: Socket?
  private var others: [Socket] = []

  init(_ opening: EngineIOSession.Opening, server: SocketIOServer) {
    self.server = server
    super.init(opening)
  }

  override func opened() { setGuard(server.connectTimeout) }

  override func received(message text: UnsafeRawBufferPointer) {
    do throws(SocketIOProtocolError) {
      if let packet = try decoder.decode(text: text) { try handle(packet) }
    } catch {
      close(.protocolError(error))
    }
  }

  override func received(binaryMessage bytes: UnsafeRawBufferPointer) {
    do throws(SocketIOProtocolError) {
      if let packet = try decoder.decode(binary: bytes) { try handle(packet) }
    } catch {
      close(.protocolError(error))
    }
  }

  override func ended(_ reason: DisconnectReason) {
    decoder = SocketIOPacketDecoder()
    for socket in takeSockets() { socket.leave(reason) }
  }

  // MARK: Packets

  private func handle(_ packet: SocketIOPacket) throws(SocketIOProtocolError) {
    let socket = socket(in: packet.namespace)
    switch (socket?.membership ?? .absent).receiving(packet.type) {
    case .connect: try connect(packet.namespace, auth: packet.payload)
    case .deliver: socket?.deliver(packet)
    case .hold:
      guard socket?.keepEarly(packet, limit: server.configuration.earlyPackets) == true else { throw .tooEarly }
    case .leave:
      guard let socket else { return }
      remove(socket)
      socket.leave(.clientLeft)
    case .violation(let error): throw error
    }
  }

  private func connect(_ name: String, auth: JSONValue?) throws(SocketIOProtocolError) {
    guard let namespace = server.existingNamespace(name) else {
      return refuse(SocketIOPacketEncoder.prefix(of: name), .invalidNamespace)
    }
    guard others.count + 1 < server.configuration.maximumNamespaces else { throw .tooManyNamespaces }
    let socket = Socket(namespace, self, identifier: server.nextSocketID(), auth: auth)
    add(socket)
    guard let onConnect = namespace.onConnect else { return socket.accept() }
    let task = engine.loop.start {
      do throws(ConnectRefusal) {
        try await onConnect(socket, auth)
        socket.accept()
      } catch {
        socket.refuse(error)
      }
    }
    socket.decide(with: task)
  }

  /// Answers a CONNECT with a CONNECT_ERROR.
  func refuse(_ prefix: [UInt8], _ refusal: ConnectRefusal) {
    var json = JSONWriter()
    json.beginObject()
    json.field("message", refusal.message)
    if let data = refusal.data { json.field("data", raw: data) }
    json.endObject()
    send(packet: json.withBytes { SocketIOPacketEncoder.encode(.connectError, prefix: prefix, json: $0) })
  }

  /// Puts the client out of every namespace, then closes the transport.
  func disconnectAll() {
    for socket in sockets { socket.disconnect() }
    close(.serverClosed)
  }

  // MARK: Sockets

  package var sockets: [Socket] { first.map { [$0] + others } ?? others }

  private func socket(in namespace: String) -> Socket? {
    if let first, first.namespace.name == namespace { return first }
    return others.first { $0.namespace.name == namespace }
  }

  private func add(_ socket: Socket) {
    if first == nil { first = socket } else { others.append(socket) }
  }

  func remove(_ socket: Socket) {
    if first === socket { first = nil } else { others.removeAll { $0 === socket } }
  }

  private func takeSockets() -> [Socket] {
    let taken = sockets
    first = nil
    others = []
    return taken
  }
}
