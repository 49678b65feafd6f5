/// Waits until `condition` is true; throws `TestFailure` when it still is not after `limit`. For what gives no other
/// sign; a condition that throws ends the waiting. The limit is for what never comes: all tests run at once, on two
/// cores perhaps, and a tight one would fail for no other reason.
package func eventually(
  within limit: Duration = .seconds(60), _ what: @autoclosure () -> String = "the condition",
  isolation: isolated (any Actor)? = #isolation, _ condition: () async throws -> Bool
) async throws {
  let clock = ContinuousClock()
  let deadline = clock.now + limit
  var pause = Duration.milliseconds(1)
  while try await !condition() {
    guard clock.now < deadline else { throw TestFailure("\(what()) did not come within \(limit)") }
    try await Task.sleep(for: pause)
    pause = min(pause * 2, .milliseconds(20))
  }
}

/// Runs `body`, and throws `TestFailure` when it takes longer than `limit`; it is cancelled then.
package func within<Result: Sendable>(
  _ limit: Duration, _ what: String = "the operation", _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
  try await withThrowingTaskGroup(of: Result.self) { group in
    group.addTask { try await body() }
    group.addTask {
      try await Task.sleep(for: limit)
      throw TestFailure("\(what) did not end within \(limit)")
    }
    defer { group.cancelAll() }
    guard let first = try await group.next() else { throw TestFailure("\(what) gave no result") }
    return first
  }
}
