import Networking

/// Runs `body` with a loop of its own, which is stopped afterwards.
func withLoop<Result>(_ body: (EventLoop) async throws -> Result) async throws -> Result {
  let loop = EventLoop.spawn(name: "test")
  defer { loop.stop() }
  return try await body(loop)
}
