/// A command as a value, for pipelines and transactions: encoded when it is made.
package struct RedisCommand: Sendable {
  let name: StaticString
  let encoded: [UInt8]

  /// - Parameters:
  ///   - name: the command, such as `HSET`.
  ///   - argument: its arguments in order.
  package init<each Argument: RedisArgument>(_ name: StaticString, _ argument: repeat each Argument) {
    self.name = name
    let encoder = CommandEncoder(capacity: 1024)
    encoder.command(name, repeat each argument)
    encoded = Array(encoder.bytes)
  }
}

extension CommandEncoder {
  /// A whole command: its name, such as `HSET`, and its arguments in order.
  @inline(__always)
  package func command<each Argument: RedisArgument>(_ name: StaticString, _ argument: repeat each Argument) {
    var count = 1
    repeat count += (each argument).argumentCount
    begin(arguments: count)
    bulk(name)
    repeat (each argument).encode(into: self)
  }
}
