/// Gathers the replies of a pipeline; resumes its caller once.
final class ReplyBatch {
  private var continuation: UnsafeContinuation<Result<[RedisValue], RedisError>, Never>?
  private var values: [RedisValue] = []
  private let count: Int

  init(count: Int, _ continuation: UnsafeContinuation<Result<[RedisValue], RedisError>, Never>) {
    self.count = count
    self.continuation = continuation
    values.reserveCapacity(count)
  }

  func add(_ value: RedisValue) {
    values.append(value)
    if values.count == count { finish(.success(values)) }
  }

  func fail(_ error: RedisError) { finish(.failure(error)) }

  private func finish(_ result: Result<[RedisValue], RedisError>) {
    continuation?.resume(returning: result)
    continuation = nil
  }
}
