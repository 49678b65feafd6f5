extension Migration {
  /// Every migration of this binary; each is in a file of its own under Scripts.
  package static let all: [Migration] = [
    foundation, accounts, presence, messages, conversations, inbox, attachments, encryption, calls, moderation,
    tenants, nodeDrain, manifestOwners,
  ]
}
