import ChatKit
import Commands
import HTTP
import JSON
import Networking
import Primitives

/// A message that is sent to oneself, end to end: by the API, through the store and the bus, to a socket; with a time for each hop.
///
/// The socket is Socket.IO's polling transport, which is HTTP only. The user and the room are the canary's own, made when they
/// are not there, and kept.
struct Canary {
  static let user = Option(
    "canary-user", .string("NAME"), default: "canary", help: "The canary's user.", group: "Canary")
  static let passwordFile = Option<String?>(
    "canary-password-file", .file, help: "The file with its password; else --token-file says who it is.",
    group: "Canary")
  static let warning = Option(
    "canary-warn", .duration(.milliseconds(1) ... .seconds(600)), default: .seconds(1),
    help: "From when on a delivery is a warning.", group: "Canary")
  static let critical = Option(
    "canary-crit", .duration(.milliseconds(1) ... .seconds(600)), default: .seconds(10),
    help: "How long it is waited for.", group: "Canary")
  static let options: [any ParameterKey] = [user, passwordFile, warning, critical]

  /// A station that was not passed.
  private struct Stopped: Error { let reason: String }

  private let session: Session
  private let client: HTTPClient
  private let url: String

  init(_ session: Session) {
    self.session = session
    client = session.connections.http()
    url =
      session.connections.tool.url.hasSuffix("/")
      ? String(session.connections.tool.url.dropLast()) : session.connections.tool.url
  }

  private static let fix =
    "chatctl check http bus lag outbox says which hop; chatctl trace the message's id shows its way"

  /// Throws `CommandError` where nobody says who the canary is.
  func run() async throws -> HealthFinding {
    var metrics: [HealthFinding.Metric] = []
    var mark = session.loop.now
    func lap(_ name: String, warning: Double? = nil, critical: Double? = nil) {
      let now = session.loop.now
      metrics.append(
        .init(name, Double(now &- mark) / 1e9, unit: "s", warning: warning, critical: critical))
      mark = now
    }
    do {
      let token = try await token()
      lap("login")
      let room = try await room(token)
      lap("room")
      let socket = try await CanarySocket.open(client, url, token: token, loop: session.loop)
      lap("socket")
      try await socket.join(room)
      lap("join")
      let sent = session.loop.now
      let message = try await send(room, token)
      lap("accepted")
      let patience = session[Self.critical]
      let isThere = try await socket.waitForMessage(message, within: patience)
      mark = sent
      lap(
        "delivered", warning: RecordValue.seconds(session[Self.warning]), critical: RecordValue.seconds(patience))
      await socket.close()
      let hops = metrics.map { "\($0.name) \(CellText.span(.seconds($0.value)))" }.joined(separator: ", ")
      guard isThere else {
        return HealthFinding(
          "canary", .critical, "message \(message) did not come within \(CellText.span(patience)): \(hops)",
          fix: Self.fix, metrics: metrics)
      }
      return HealthFinding("canary", hops, fix: Self.fix, metrics: metrics)
    } catch let stopped as Stopped {
      return HealthFinding("canary", .critical, stopped.reason, fix: Self.fix, metrics: metrics)
    } catch let error as CanarySocket.Failure {
      return HealthFinding("canary", .critical, "the socket: \(error)", fix: Self.fix, metrics: metrics)
    } catch let error as NetworkError {
      return HealthFinding("canary", .critical, "\(url): \(error)", fix: Self.fix, metrics: metrics)
    } catch let error as HTTPError {
      return HealthFinding("canary", .critical, "\(url): \(error)", fix: Self.fix, metrics: metrics)
    }
  }

  // MARK: The API

  private func token() async throws -> String {
    guard let file = session[Self.passwordFile] else {
      if let token = try session.connections.tool.token.read() { return token }
      throw UsageError(.missingOption, "the canary needs --canary-password-file, or --token-file")
    }
    let text = try FileBytes.read(file, limit: 1 << 10, what: "--canary-password-file")
    let password = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    let credentials = Self.object { json in
      json.field("username", session[Self.user])
      json.field("password", password)
    }
    let login = try await post("/api/auth/login", credentials)
    if login.status.code == 200 { return try Self.string("accessToken", login) }
    guard login.status.code == 401 else { throw Stopped(reason: Self.refusal("login", login)) }
    let register = try await post("/api/auth/register", credentials)
    guard register.status.code == 201 else { throw Stopped(reason: Self.refusal("login", login)) }
    return try Self.string("accessToken", register)
  }

  private func room(_ token: String) async throws -> String {
    let list = try await client.send(.get, "\(url)/api/conversations?limit=100", headers: Self.headers(token))
    guard list.status.code == 200 else { throw Stopped(reason: Self.refusal("the list of rooms", list)) }
    let root = try? JSONDocument(parsing: list.bytes).root
    let rooms = root?["conversations"] ?? root?["items"]
    for index in 0..<(rooms?.count ?? 0) where rooms?[index]?["title"]?.string == "canary" {
      if let id = rooms?[index]?["id"]?.string { return id }
    }
    let body = Self.object { json in
      json.field("type", "group")
      json.field("title", "canary")
      json.key("participants")
      json.beginArray()
      json.endArray()
    }
    let made = try await post("/api/conversations", body, token)
    guard made.status.code == 201 else { throw Stopped(reason: Self.refusal("making the room", made)) }
    return try Self.string("id", made)
  }

  private func send(_ room: String, _ token: String) async throws -> String {
    let body = Self.object { json in
      json.field("conversationId", room)
      json.field("body", "canary \(Timestamp.now())")
    }
    let sent = try await post("/api/messages", body, token)
    guard sent.status.code == 201 else { throw Stopped(reason: Self.refusal("sending", sent)) }
    return try Self.string("id", sent)
  }

  private func post(_ path: String, _ body: [UInt8], _ token: String? = nil) async throws -> HTTPResponse {
    try await client.send(.post, url + path, headers: Self.headers(token), body: body)
  }

  private static func headers(_ token: String?) -> HTTPHeaders {
    var headers = HTTPHeaders()
    headers.append("content-type", "application/json")
    if let token { headers.append("authorization", "Bearer \(token)") }
    return headers
  }

  private static func object(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var json = JSONWriter(reserving: 256)
    json.beginObject()
    body(&json)
    json.endObject()
    return json.bytes
  }

  private static func string(_ key: String, _ response: HTTPResponse) throws -> String {
    guard let text = (try? JSONDocument(parsing: response.bytes).root)?[key]?.string else {
      throw Stopped(reason: "an answer without \(key)")
    }
    return text
  }

  private static func refusal(_ what: String, _ response: HTTPResponse) -> String {
    let text = CellText.printable(String(decoding: response.bytes.prefix(200), as: UTF8.self))
    return "\(what) is answered \(response.status.code): \(text)"
  }
}
