import HTTP
import JSON
import Networking

/// A request of a session on its way to the session's loop and its answer on the way back.
///
/// Connections belong to the loop that accepted them, sessions to the one that opened them. Where the two are the same
/// nothing is handed over; else the answer and the client's abort cross by `execute`. The exchange itself is touched
/// on its home loop only.
final class EngineIOExchange: @unchecked Sendable {
  let request: HTTPRequest
  private let exchange: HTTPExchange
  private let home: EventLoop
  private let cors: CORSPolicy?

  /// On the exchange's loop.
  init(_ request: HTTPRequest, _ exchange: HTTPExchange, cors: CORSPolicy?) {
    self.request = request
    self.exchange = exchange
    self.cors = cors
    home = exchange.loop
  }

  /// Answers, once. From the loop of the connection or of the session.
  func respond(_ response: HTTPResponse) {
    var response = response
    cors?.add(to: &response.headers, for: request)
    if home.isCurrent { return exchange.respond(response) }
    home.execute { [self, response] in exchange.respond(response) }
  }

  /// Calls `body` on `owner` when the client goes away before the answer. Before the hand-over, on the home loop.
  func onAbort(_ owner: EventLoop, _ body: @escaping @Sendable () -> Void) {
    exchange.onAbort = owner === home ? body : { owner.execute(body) }
  }

  /// The same for a request that is announced: `body` is also told whether the body was too large, which is answered
  /// with 413 and nothing worse.
  func onBodyAbort(
    _ owner: EventLoop, _ body: @escaping @Sendable (_ claim: ObjectIdentifier, _ isTooLarge: Bool) -> Void
  ) {
    let claim = claim
    exchange.onAbort = { [unowned exchange] in
      let isTooLarge = exchange.failure == .bodyTooLarge
      if owner.isCurrent { return body(claim, isTooLarge) }
      owner.execute { body(claim, isTooLarge) }
    }
  }

  /// The same for a request when it is announced and when it is complete. No other has it meanwhile, and what was said
  /// of one that is gone has reached the session's loop before anything of its successor.
  var claim: ObjectIdentifier { ObjectIdentifier(exchange) }

  // MARK: WebSockets

  /// Makes the connection a WebSocket; nil, and answered, when the request is no handshake. On the home loop.
  func upgrade(_ options: WebSocketOptions, handler: any WebSocketHandler) -> WebSocketConnection? {
    do throws(HTTPError) {
      return try exchange.upgradeToWebSocket(options, handler: handler)
    } catch {
      exchange.respond(error.response)
      return nil
    }
  }

  /// Makes the connection a WebSocket on `owner`, the loop that this is called on, moving it there if need be, and calls
  /// `start` with it before it receives anything; with nil when it did not come about.
  func upgrade(
    onto owner: EventLoop, _ options: WebSocketOptions, handler: any WebSocketHandler & Sendable,
    _ start: @escaping @Sendable (WebSocketConnection?) -> Void
  ) {
    if home === owner { return start(upgrade(options, handler: handler)) }
    home.execute { [self] in
      do throws(HTTPError) {
        try exchange.upgradeToWebSocket(options, handler: handler, on: owner, start)
      } catch {
        exchange.respond(error.response)
        owner.execute { start(nil) }
      }
    }
  }

  // MARK: Answers

  /// The body of a GET. `cookie` on the handshake only.
  func respond(payload: [UInt8], cookie: String? = nil) {
    var response = HTTPResponse(bytes: payload, contentType: "text/plain; charset=UTF-8")
    response.headers.append("Cache-Control", "no-store")
    if let cookie { response.headers.append("Set-Cookie", cookie) }
    respond(response)
  }

  /// A POST has been taken in.
  func respondOK() {
    // Not text/plain: some browsers would offer it for download.
    var response = HTTPResponse(bytes: [UInt8(ascii: "o"), UInt8(ascii: "k")], contentType: "text/html")
    response.headers.append("Cache-Control", "no-store")
    respond(response)
  }

  func refuse(_ refusal: EngineIORefusal, message: String? = nil) {
    let message = message ?? refusal.message.description
    guard !request.isWebSocketUpgrade else {
      var response = HTTPResponse(status: .badRequest, bytes: Array(message.utf8), contentType: "text/html")
      response.headers.append("Connection", "close")
      return respond(response)
    }
    var json = JSONWriter()
    json.beginObject()
    json.field("code", Int(refusal.rawValue))
    json.field("message", message)
    json.endObject()
    respond(HTTPResponse(status: refusal == .forbidden ? .forbidden : .badRequest, json: json.bytes))
  }

  func fail(_ status: HTTPStatus) { respond(HTTPResponse(status: status)) }
}
