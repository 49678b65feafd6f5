package import HTTP
import JSON
import Networking
import Primitives

/// The people of a run where only the API can be reached: they register like anybody, which costs the server a hash each, and
/// found their rooms. What the server's limits put off is tried again when it says so.
package struct Registration {
  private let client: HTTPClient
  private let target: LoadTarget
  private let progress: (Int) throws -> Void
  private static let patience = Duration.seconds(60)

  /// - Parameter progress: told of each user and room that is there; throws to stop.
  package init(_ client: HTTPClient, _ target: LoadTarget, progress: @escaping (Int) throws -> Void) {
    self.client = client
    self.target = target
    self.progress = progress
  }

  /// Throws `LoadFailure` with the server's reason.
  package func make(prefix: String, users: Int, rooms: [(members: [Int], isEncrypted: Bool)]) async throws -> Population
  {
    let password = Hex.encode(SecureRandom.bytes(16))
    let people = try await each(users) { number in
      try await register(Population.name(prefix, number), password)
    }
    let title = String(prefix.dropLast())
    let made = try await each(rooms.count) { index in
      try await found(rooms[index].members, people, title, isEncrypted: rooms[index].isEncrypted)
    }
    return Population(people: people, rooms: made)
  }

  /// One after another: the server hashes passwords one at a time as well.
  private func each<Result>(_ count: Int, _ make: (Int) async throws -> Result) async throws -> [Result] {
    var results: [Result] = []
    for index in 0..<count {
      results.append(try await make(index))
      try progress(1)
    }
    return results
  }

  private func register(_ name: String, _ password: String) async throws -> Population.Person {
    let answer = try await post("/api/auth/register", "{\"username\":\"\(name)\",\"password\":\"\(password)\"}")
    return try Self.person(answer, named: name)
  }

  private static func person(_ answer: JSONValue, named name: String) throws -> Population.Person {
    guard let id = answer["user"]?["id"]?.uuid, let token = answer["accessToken"]?.string,
      let refresh = answer["refreshToken"]?.string
    else { throw LoadFailure("a session without tokens") }
    return Population.Person(
      id: id, name: name, token: token,
      session: Population.Session(refreshToken: refresh, expiresIn: answer["expiresIn"]?.int ?? 900))
  }

  private func found(
    _ members: [Int], _ people: [Population.Person], _ title: String, isEncrypted: Bool
  ) async throws -> Population.Room {
    let others = members.dropFirst().map { "\"\(people[$0].id)\"" }
    // As many as one request may name; the others are invited.
    let first = others.prefix(100).joined(separator: ",")
    let token = people[members[0]].token
    let made = try await post(
      "/api/conversations",
      "{\"type\":\"group\",\"title\":\"\(title)\",\"participants\":[\(first)]\(isEncrypted ? ",\"encrypted\":true" : "")}",
      token: token)
    guard let id = made["id"]?.uuid else { throw LoadFailure("a conversation without an id") }
    var rest = others.dropFirst(100)
    while !rest.isEmpty {
      _ = try await post(
        "/api/conversations/\(id)/participants", "{\"participants\":[\(rest.prefix(100).joined(separator: ","))]}",
        token: token)
      rest = rest.dropFirst(100)
    }
    return Population.Room(id: id, members: members)
  }

  private func post(_ path: String, _ body: String, token: String? = nil) async throws -> JSONValue {
    var headers = HTTPHeaders()
    if let token { headers.append("authorization", "Bearer \(token)") }
    while true {
      let answer = try await client.post("\(target.url)\(path)", headers: headers, body: Array(body.utf8))
      switch answer.status.code {
      case 200...299: return try JSONDocument(parsing: answer.bytes).root
      case 429:
        let seconds = answer.headers["retry-after"].flatMap { Int($0) } ?? 1
        guard Duration.seconds(seconds) <= Self.patience else { fallthrough }
        try await client.loop.sleep(for: .seconds(max(1, seconds)))
      default: throw LoadFailure("\(path): \(ErrorCode.of(status: answer.status.code, answer.bytes))")
      }
    }
  }

  /// The same person with the next token.
  static func refresh(
    _ person: Population.Person, _ session: Population.Session, _ client: HTTPClient, _ target: LoadTarget
  ) async throws -> Population.Person {
    let answer = try await client.post(
      "\(target.url)/api/auth/refresh", body: Array("{\"refreshToken\":\"\(session.refreshToken)\"}".utf8))
    guard answer.status == .ok else { throw LoadFailure(ErrorCode.of(status: answer.status.code, answer.bytes)) }
    return try Self.person(try JSONDocument(parsing: answer.bytes).root, named: person.name)
  }
}
