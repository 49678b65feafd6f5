import Networking
import Postgres
import Primitives

@testable import ChatKit

/// The domain with keys.
struct Encrypted: Sendable {
  let domain: Domain
  let master: MasterKey
  let ring: KeyRing
  let vault: MessageVault
  let watch: KeyWatch
  let store: MessageStore
  let service: MessageService
  let editor: MessageEditor
  let conversations: ConversationService

  static func with(_ body: @escaping @Sendable (Encrypted) async throws -> Void) async throws {
    try await Domain.with { domain in
      let master = MasterKey.random()
      let ring = KeyRing(domain.pool, master: master)
      try await ring.addFirst()
      let keys = try await ring.keys()
      let vault = MessageVault(keys, pool: domain.pool)
      let watch = KeyWatch(keys, master: master, pool: domain.pool, loop: domain.loop) { vault.replace($0) }
      vault.refresh = { [unowned watch] in await watch.refresh() }
      let store = MessageStore(pool: domain.pool, vault: vault)
      let service = MessageService(
        writer: domain.writer(publishes: true, vault: vault), store: store, loop: domain.loop)
      try await body(
        Encrypted(
          domain: domain, master: master, ring: ring, vault: vault, watch: watch, store: store, service: service,
          editor: MessageEditor(store: store, messages: service, publisher: domain.publisher),
          conversations: ConversationService(
            pool: domain.pool, publisher: domain.publisher, vault: vault, encryption: .conversation)))
    }
  }

  func room(_ creator: User, _ others: [User] = []) async throws -> UUID {
    try await conversations.create(.group, title: "secret", members: others.map(\.id), encrypted: true, by: creator)
      .conversation.id
  }

  func send(_ body: String, to room: UUID, by user: User, key: String? = nil) async throws -> Message {
    let draft = MessageDraft(conversationId: room, senderId: user.id, body: body, idempotencyKey: key)
    switch try await service.send(draft) {
    case .stored(let message), .replayed(let message): return message
    }
  }

  func bodies(of room: UUID, for user: User) async throws -> [String] {
    try await service.history(of: room, for: user.id, from: .newest, limit: 200).messages.map { message in
      message.unreadable?.rawValue ?? message.body
    }
  }

  func refresh() async throws {
    // Not within half a second of the last look.
    try await domain.loop.sleep(for: .milliseconds(510))
    await watch.refresh()
  }
}

/// Why a key could not be used; nil where it could.
func keyErrorCode(_ body: () async throws -> Void) async -> KeyError.Code? {
  do {
    try await body()
    return nil
  } catch {
    return (error as? KeyError)?.code
  }
}
