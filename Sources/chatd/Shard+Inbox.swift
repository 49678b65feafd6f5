import ChatKit

/// What the role `inbox` adds to the first shard of a process: the worker that does what follows from events.
final class InboxRole: @unchecked Sendable {
  private let services: Shard.Services

  init(_ services: Shard.Services) { self.services = services }

  /// On the shard's loop.
  func start() {}

  /// Finishes what is in hand; before the connections to the backends are closed.
  func stop() async {}
}
