package import Redis

/// Who comes and goes, as gateways tell each other. On one loop; one waits at a time.
package final class PresenceFeed: @unchecked Sendable {
  private let subscriber: RedisSubscriber
  private var edges: [PresenceEdge] = []
  private var waiter: UnsafeContinuation<Void, Never>?
  /// What nobody takes in time is forgotten.
  private static let limit = 100_000
  /// The connection is lost: until it is back, nothing is heard.
  package var onLost: () -> Void = {}

  /// - Parameter redis: whose configuration the feed connects with a second time.
  package init(redis: RedisClient) {
    subscriber = RedisSubscriber(redis.configuration, loop: redis.loop)
    subscriber.onMessage = { [unowned self] _, payload in
      guard payload.first == PresenceNews.mark else { return }
      PresenceNews.decode(payload) { news in
        if case .edge(let edge) = news, edges.count < Self.limit { edges.append(edge) }
      }
      guard !edges.isEmpty else { return }
      waiter?.resume()
      waiter = nil
    }
    subscriber.onLost = { [unowned self] _ in onLost() }
  }

  /// Returns when whatever is said from then on is heard. Throws `RedisError`.
  package func start() async throws { try await subscriber.subscribe(PresenceNews.channel) }

  /// What has been said since the last time, at least one.
  package func next() async -> [PresenceEdge] {
    if edges.isEmpty { await withUnsafeContinuation { waiter = $0 } }
    defer { edges = [] }
    return edges
  }

  package func close() { subscriber.close() }
}
