import Primitives

extension MessageService {
  /// Takes hold of the attachments that these drafts of one sender name. What is wrong with those that cannot have theirs, by
  /// the draft's identifier.
  func refusals(ofAttachmentsIn drafts: [MessageDraft], by sender: UUID) async throws -> [UUID: ChatError] {
    let named = drafts.filter { $0.attachmentId != nil }
    guard !named.isEmpty else { return [:] }
    let types = try await uses.claim(named, by: sender)
    var refusals: [UUID: ChatError] = [:]
    for draft in named {
      if let type = types[draft.id] {
        guard draft.type == .image, !ContentType.isImage(type) else { continue }
        refusals[draft.id] = ChatError.invalid("attachmentId", "The attachment is no image; type is file.")
      } else if try await !uses.isKnown(draft) {
        // Who is not in the conversation does not learn what there is in it.
        let isMember = try await store.position(of: sender, in: draft.conversationId) != nil
        refusals[draft.id] =
          isMember
          ? ChatError.invalid(
            "attachmentId", "attachmentId is no complete attachment of yours in this conversation.")
          : ChatError.noSuchConversation
      }
    }
    return refusals
  }
}
