import HTTP
import Networking

/// A user's socket: connected with a token, it says events and hears them. On its loop's thread only.
final class ChatSocket: WebSocketHandler, @unchecked Sendable {
  /// The argument array of an event; valid during the call.
  var onEvent: (UnsafeRawBufferPointer) -> Void = { _ in }
  /// It has ended without `cut()`; called once.
  var onEnd: (String) -> Void = { _ in }

  private var machine: SocketMachine
  private var connection: WebSocketConnection?
  /// Who waits for which acknowledgement: nil when the socket ends first.
  private var waiting: [Int: (UnsafeRawBufferPointer?) -> Void] = [:]
  private let connected: Completion
  private var isOver = false

  private init(token: String, _ loop: EventLoop) {
    machine = SocketMachine(token: token)
    connected = Completion("the connect", loop)
  }

  /// Opens a socket; returns when the server has let it in. Throws `LoadFailure`, `NetworkError`, `HTTPError`.
  static func open(
    _ target: LoadTarget, token: String, timeout: Duration, _ client: WebSocketClient
  ) async throws -> ChatSocket {
    let socket = ChatSocket(token: token, client.loop)
    socket.connection = try await client.connect(target.socketURL, timeout: timeout, handler: socket)
    do {
      try await socket.connected.wait(within: timeout)
    } catch {
      socket.cut()
      throw error
    }
    return socket
  }

  var isOpen: Bool { !isOver && machine.isConnected }

  /// Says an event, `[name, argument]` as JSON. `answered` is given the acknowledgement's arguments, or nil when the socket
  /// has ended before; called once.
  func emit(_ json: String, answered: @escaping (UnsafeRawBufferPointer?) -> Void) {
    guard let connection, isOpen else { return answered(nil) }
    let (number, packet) = machine.emit(json)
    waiting[number] = answered
    connection.send(text: Array(packet.utf8))
  }

  /// The same, awaited. Throws `LoadFailure` when the socket ends, or the answer is no.
  func emit(_ json: String) async throws -> [UInt8] {
    let answer: [UInt8]? = await withUnsafeContinuation { continuation in
      emit(json) { continuation.resume(returning: $0.map { [UInt8]($0) }) }
    }
    guard let answer else { throw LoadFailure("the socket ended before the answer") }
    guard answer.withUnsafeBytes(SocketMachine.isOK) else { throw LoadFailure(ErrorCode.of(answer)) }
    return answer
  }

  /// Ends the connection as a network does that fails: without a word.
  func cut() {
    guard !isOver else { return }
    isOver = true
    connection?.abort()
    letGo()
  }

  private func letGo() {
    connection = nil
    onEvent = { _ in }
    onEnd = { _ in }
    let left = waiting
    waiting = [:]
    for answered in left.values { answered(nil) }
  }

  private func end(_ reason: String) {
    guard !isOver else { return }
    isOver = true
    connection?.abort()
    connected.finish(LoadFailure(reason))
    let ended = onEnd
    letGo()
    ended(reason)
  }

  // MARK: WebSocketHandler

  package func received(text: UnsafeRawBufferPointer) {
    guard !isOver else { return }
    switch machine.receive(text) {
    case .nothing: break
    case .send(let packet): connection?.send(text: Array(packet.utf8))
    case .connected: connected.finish()
    case .event(let arguments): onEvent(arguments)
    case .acknowledged(let number, let arguments): waiting.removeValue(forKey: number)?(arguments)
    case .failed(let reason): end(reason)
    }
  }

  package func received(binary: UnsafeRawBufferPointer) { end("a binary message that was not expected") }

  package func closed(code: UInt16, reason: String) { end("closed with \(code)\(reason.isEmpty ? "" : ", \(reason)")") }
}
