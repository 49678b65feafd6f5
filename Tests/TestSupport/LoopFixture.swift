package import Networking

/// Runs `body` on a loop of its own (its awaits resume there) and stops the loop afterwards.
package func withLoop<Result: Sendable>(
  _ body: @escaping @Sendable (EventLoop) async throws -> Result
) async throws -> Result {
  let loop = EventLoop.spawn(name: "test-loop")
  defer { loop.stop() }
  return try await loop.submit { try await body(loop) }
}

/// As `withLoop`, with several.
package func withLoops<Result: Sendable>(
  _ count: Int, _ body: @escaping @Sendable ([EventLoop]) async throws -> Result
) async throws -> Result {
  let group = EventLoopGroup(count: count)
  defer { group.stop() }
  return try await group.loops[0].submit { try await body(group.loops) }
}
