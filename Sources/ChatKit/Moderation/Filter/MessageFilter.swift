// The filter: what nobody is to say. Words and phrases (`WordList`), those of the server and of a workspace, and a server of
// the operator's that is asked (`FilterWebhook`); each can refuse a message or give it another body.
//
// Pattern. `MessageService` and `MessageEditor` ask before a body goes to the store, and before it is sealed: so a filter sees
// what is said in encrypted conversations too. Where nothing is configured, nobody is asked, and nothing is awaited
// (`concerns`). What is stored is what the filter made of it; what was said is nowhere.
//
// Order: the server's words, the workspace's, then the webhook, which is shown what the words have left. What one sender says
// is stored in the order in which it was said, though the webhook answers in another (`FilterTurns`).

package import Networking
package import Primitives

/// Refuses messages, or masks what is in them. One a loop.
package final class MessageFilter: @unchecked Sendable {
  /// What somebody is about to say.
  package struct Subject: Sendable {
    package var id: UUID
    package var workspaceId: UUID?
    package var conversationId: UUID
    package var senderId: UUID
    package var senderName: String?
    package var type: MessageType
    package var body: String
    package var isEdit: Bool
  }

  package struct Counters: Sendable {
    package var allowed = 0
    package var refused = 0
    package var masked = 0
  }

  private let loop: EventLoop
  private let policies: WorkspacePolicies
  private let turns = FilterTurns()
  package let webhook: FilterWebhook?
  /// The server's.
  package var words: WordList
  /// What became of bodies that words were looked for in.
  package private(set) var counters = Counters()

  package init(
    policies: WorkspacePolicies, loop: EventLoop, words: WordList = .empty, webhook: FilterWebhook? = nil
  ) {
    self.loop = loop
    self.policies = policies
    self.words = words
    self.webhook = webhook
  }

  /// False where there is certainly nothing to be asked.
  func concerns(_ workspace: UUID?) -> Bool {
    let isSet = webhook != nil || !words.isEmpty
    guard let workspace else { return isSet }
    guard let policy = policies.known(workspace) else { return true }
    return isSet && policy.isFiltered || !policy.words.isEmpty
  }

  /// The body as it may be stored. Throws `ChatError` contentRefused.
  func body(of subject: Subject) async throws -> String {
    let turn = turns.enter(subject.senderId)
    // A task of its own: whoever cuts the connection is not let off.
    let result = await loop.start { [self] in await judge(subject) }.value
    await turns.wait(turn)
    turns.leave(turn)
    return try result.get()
  }

  private func judge(_ subject: Subject) async -> Result<String, ChatError> {
    var subject = subject
    var policy = WorkspacePolicy()
    if let workspace = subject.workspaceId { policy = await policies.policy(of: workspace) }
    for list in [policy.isFiltered ? words : .empty, policy.words] where !list.isEmpty {
      switch list.verdict(on: subject.body) {
      case .allowed: counters.allowed += 1
      case .refused:
        counters.refused += 1
        return .failure(.refused(reason: nil))
      case .masked(let body):
        counters.masked += 1
        subject.body = body
      }
    }
    // Nothing is left to be judged of a caption that is none.
    guard policy.isFiltered, let webhook, !subject.body.isEmpty else { return .success(subject.body) }
    switch await webhook.verdict(on: subject) {
    case .allowed, nil: return .success(subject.body)
    case .refused(let reason): return .failure(.refused(reason: reason))
    case .masked(let body): return .success(body)
    }
  }
}

extension ChatError {
  fileprivate static func refused(reason: String?) -> ChatError {
    ChatError(
      .contentRefused, reason.map { "This message is not allowed here: \($0)" } ?? "This message is not allowed here.",
      field: "body")
  }
}
