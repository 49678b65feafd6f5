/// Hears of statements and of waiting for connections: for metrics. On the loop, within the answer's own time.
package protocol PostgresObserver: AnyObject {
  /// A statement has been answered, or has failed.
  /// - Parameter enqueued: when it was asked for (the loop's clock); waiting for a connection is not part of it.
  func answered(_ statement: PostgresStatement, enqueued: UInt64, error: PostgresError?)
  /// Somebody waited for a connection of the pool, since then.
  func waited(since start: UInt64, error: PostgresError?)
}
