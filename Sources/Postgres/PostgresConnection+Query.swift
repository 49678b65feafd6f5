import Networking

extension PostgresConnection: PostgresClient {
  /// May be called again before it has answered; the answers come in order.
  package func run(
    _ statement: PostgresStatement, _ parameters: PostgresParameters, timeout: Duration?
  ) async throws(PostgresError) -> PostgresRows {
    try await perform(request(statement, parameters, timeout: timeout))
  }

  /// The same without a task: `completion` is called once, on the loop.
  package func send(
    _ statement: PostgresStatement, _ parameters: PostgresParameters, timeout: Duration? = nil,
    completion: @escaping (Result<PostgresRows, PostgresError>) -> Void
  ) {
    let request = request(statement, parameters, timeout: timeout)
    request.completion = .call(completion)
    enqueue(request)
  }

  /// Runs several statements, separated by semicolons and without parameters, in the simple protocol: they are one
  /// transaction unless they say otherwise. Waits until what was asked before is answered.
  package func script(_ sql: String, timeout: Duration? = nil) async throws(PostgresError) {
    let request = PostgresRequest(
      PostgresStatement(unchecked: sql), PostgresParameters(), kind: .script,
      timeout: timeout?.nanoseconds ?? defaultTimeout)
    _ = try await perform(request)
  }

  func request(
    _ statement: PostgresStatement, _ parameters: PostgresParameters, begin: PostgresStatement? = nil,
    timeout: Duration? = nil
  ) -> PostgresRequest {
    PostgresRequest(statement, parameters, begin: begin, timeout: timeout?.nanoseconds ?? defaultTimeout)
  }

  /// `isShielded`: also from a task that is cancelled, as a ROLLBACK must be.
  func perform(_ request: PostgresRequest, isShielded: Bool = false) async throws(PostgresError) -> PostgresRows {
    loop.assertCurrent()
    if isShielded {
      return try await withUnsafeContinuation { continuation in
        request.completion = .continuation(continuation)
        enqueue(request)
      }.get()
    }
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        request.completion = .continuation(continuation)
        // A cancellation from now on finds the request.
        if Task.isCancelled { request.complete(.failure(.taskCancelled)) } else { enqueue(request) }
      }
    } onCancel: {
      loop.execute { [self] in cancel(request) }
    }
    return try result.get()
  }
}
