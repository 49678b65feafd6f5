import ChatKit

/// What the role `presence` adds to the first shard of a process.
final class PresenceRole: @unchecked Sendable {
  private let services: Shard.Services

  init(_ services: Shard.Services) { self.services = services }

  /// On the shard's loop.
  func start() {}

  /// Before the connections to the backends are closed.
  func stop() async {}
}
