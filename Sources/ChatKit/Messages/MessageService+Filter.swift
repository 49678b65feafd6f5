import Networking
import Primitives

extension MessageService {
  /// The draft as it may be stored. What was stored before is answered as ever, whatever the filter says now.
  func filtered(_ draft: MessageDraft, _ filter: MessageFilter) async throws -> MessageDraft {
    var filtered = draft
    do {
      // The fingerprint stays that of what was said, which is what a repetition says again.
      filtered.body = try await filter.body(
        of: MessageFilter.Subject(
          id: draft.id, workspaceId: draft.workspaceId, conversationId: draft.conversationId, senderId: draft.senderId,
          senderName: draft.senderName, type: draft.type, body: draft.body, isEdit: false))
      return filtered
    } catch let refusal as ChatError where refusal.code == .contentRefused {
      guard let key = draft.idempotencyKey, try await store.isKnown(key, of: draft.senderId) else { throw refusal }
      return draft
    }
  }

  /// The same of several, side by side; what cannot be sent anyway is left as it is.
  func filtered(_ batch: [Result<MessageDraft, ChatError>]) async -> [Result<MessageDraft, ChatError>] {
    guard let filter else { return batch }
    let tasks = batch.map { result -> Task<Result<MessageDraft, ChatError>, Never>? in
      guard let draft = try? result.get(), filter.concerns(draft.workspaceId), (try? check(draft)) != nil else {
        return nil
      }
      return loop.start { [self] in
        do {
          return .success(try await filtered(draft, filter))
        } catch {
          return .failure(
            error as? ChatError ?? ChatError(.unavailable, "The message cannot be looked at.", retryAfter: 1))
        }
      }
    }
    var results = batch
    for (index, task) in tasks.enumerated() {
      if let task { results[index] = await task.value }
    }
    return results
  }

  /// The body of an edit, as it may be stored. Throws `ChatError` contentRefused.
  func filtered(_ body: String, of message: Message, in workspace: UUID?) async throws -> String {
    guard let filter, filter.concerns(workspace) else { return body }
    return try await filter.body(
      of: MessageFilter.Subject(
        id: message.id, workspaceId: workspace, conversationId: message.conversationId, senderId: message.senderId,
        senderName: message.senderName, type: message.type, body: body, isEdit: true))
  }
}
