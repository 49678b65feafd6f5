import JSON
import MessagePack
package import Postgres
import Primitives

/// What a loop has of the keys, and knows of which conversations are encrypted, and in which workspaces. One a loop; on that
/// loop only.
package final class MessageVault: @unchecked Sendable {
  package private(set) var keys: MessageKeys
  /// Asks for keys that may be new, and comes back when `keys` has them.
  package var refresh: @Sendable () async -> Void = {}
  private let pool: PostgresPool
  /// The workspaces of conversations that are encrypted, nil for those that are not. A conversation is encrypted from its
  /// beginning, or never, and stays where it is: what is known stays true.
  private var places: [UUID: UUID?] = [:]
  private let capacity: Int

  package struct Counters: Sendable {
    package var sealed = 0
    package var opened = 0
    package var keyUnavailable = 0
    package var decryptionFailed = 0
    /// Look-ups of conversations that were not known.
    package var lookups = 0
  }

  package private(set) var counters = Counters()

  /// - Parameter capacity: conversations that are remembered at most, 60 bytes each.
  package init(_ keys: MessageKeys, pool: PostgresPool, capacity: Int = 65_536) {
    self.keys = keys
    self.pool = pool
    self.capacity = capacity
  }

  /// Other keys from now on.
  package func replace(_ keys: MessageKeys) { self.keys = keys }

  // MARK: Which are encrypted

  /// Those of `conversations` that are encrypted, with their workspaces; costs nothing while there never was a key, and one
  /// look-up for all that are not known yet.
  func encrypted(among conversations: some Sequence<UUID>) async throws -> [UUID: UUID] {
    guard keys.isInUse else { return [:] }
    var found: [UUID: UUID] = [:]
    var unknown = Set<UUID>()
    for conversation in conversations {
      if let place = places[conversation] { found[conversation] = place } else { unknown.insert(conversation) }
    }
    guard !unknown.isEmpty else { return found }
    let rows = try await pool.query(
      "SELECT id, CASE WHEN encrypted THEN workspace_id END FROM conversations WHERE id = ANY ($1)", Array(unknown))
    counters.lookups += 1
    if places.count + rows.count > capacity { places.removeAll(keepingCapacity: true) }
    for row in rows {
      let id: UUID = try row.get(0)
      let workspace: UUID? = try row.get(1)
      places[id] = .some(workspace)
      found[id] = workspace
    }
    return found
  }

  /// The store has said so: this loop's keys are older than the conversation, which is looked up once it has them.
  func learned(isEncrypted conversation: UUID) async {
    places[conversation] = nil
    if !keys.isInUse { await refresh() }
  }

  // MARK: Sealing and opening

  func seal(_ body: String, workspace: UUID, conversation: UUID, message: UUID) throws -> SealedBody {
    let sealed = try keys.seal(body, workspace: workspace, conversation: conversation, message: message)
    counters.sealed += 1
    return sealed
  }

  /// Another body of a message whose present one is sealed.
  func seal(_ body: String, of message: Message) async throws -> SealedBody {
    guard let workspace = try await encrypted(among: [message.conversationId])[message.conversationId] else {
      throw Unreadable.keyUnavailable.error
    }
    return try seal(body, workspace: workspace, conversation: message.conversationId, message: message.id)
  }

  private func open(
    _ sealed: SealedBody, conversation: UUID, message: UUID
  ) async -> Result<String, Unreadable> {
    // Promoted a moment ago, and this loop has not heard of it.
    if keys.states[sealed.keyVersion] == nil { await refresh() }
    do throws(Unreadable) {
      let body = try keys.open(sealed, conversation: conversation, message: message)
      counters.opened += 1
      return .success(body)
    } catch {
      switch error {
      case .keyUnavailable: counters.keyUnavailable += 1
      case .decryptionFailed: counters.decryptionFailed += 1
      }
      return .failure(error)
    }
  }

  /// The messages with their bodies, or with the reason why there is none. Without a vault nothing can be opened.
  static func opened(_ messages: [Message], by vault: MessageVault?) async -> [Message] {
    guard messages.contains(where: \.isClosed) else { return messages }
    var messages = messages
    for index in messages.indices where messages[index].isClosed {
      messages[index] = await opened(messages[index], by: vault)
    }
    return messages
  }

  static func opened(_ message: Message, by vault: MessageVault?) async -> Message {
    guard message.isClosed, let sealed = message.sealed else { return message }
    var message = message
    let result = await vault?.open(sealed, conversation: message.conversationId, message: message.id)
    message.open(result ?? .failure(.keyUnavailable))
    return message
  }

  // MARK: Events

  /// The data of an event, as sockets and effects may have it: with the body in place of the sealed one, or with
  /// `unreadable` where it does not open. What is not sealed is given back as it is.
  package func open(_ event: ReceivedEvent) async -> EventData { await openSealed(event) ?? event.data }

  /// The same; nil for what is not sealed.
  package func openSealed(_ event: ReceivedEvent) async -> EventData? {
    guard event.kind == .messageCreated || event.kind == .messageUpdated, Self.isSealed(event.data),
      let value = event.data.value, let sealed = SealedBody(value)
    else { return nil }
    let result: Result<String, Unreadable>
    if let message = value["id"]?.uuid {
      result = await open(sealed, conversation: event.conversationId, message: message)
    } else {
      result = .failure(.decryptionFailed)
    }
    guard let members = value.object else { return nil }
    var json = JSONWriter(reserving: 512)
    json.beginObject()
    for member in members {
      if member.keyValue.isString("keyVersion") {
        result.writeField(to: &json)
      } else if !SealedBody.isField(member.keyValue) {
        json.key(member.key)
        member.value.withRawBytes { json.raw($0) }
      }
    }
    json.endObject()
    return (try? JSONDocument(parsing: json.bytes)).map { .json($0.root) }
  }

  /// Without reading all of it.
  private static func isSealed(_ data: EventData) -> Bool {
    switch data {
    case .json(let value): return value["keyVersion"] != nil
    case .messagePack(let bytes):
      return bytes.withUnsafeBytes { bytes in
        var reader = MessagePackReader(bytes)
        guard let count = try? reader.readMapHeader() else { return false }
        for _ in 0..<count {
          if reader.readString("keyVersion") { return true }
          guard (try? reader.skip()) != nil, (try? reader.skip()) != nil else { return false }
        }
        return false
      }
    }
  }
}

extension Result<String, Unreadable> {
  /// `body`, or `unreadable` in its place.
  func writeField(to json: inout JSONWriter) {
    switch self {
    case .success(let body): json.field("body", body)
    case .failure(let reason): json.field("unreadable", reason.rawValue)
    }
  }
}
