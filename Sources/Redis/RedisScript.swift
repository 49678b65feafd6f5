/// A Lua script. It is sent once per server, and named by its hash from then on.
package struct RedisScript: Sendable {
  package let source: String
  /// Its SHA-1, as EVALSHA wants it.
  package let hash: String

  package init(_ source: String) {
    self.source = source
    hash = SHA1.hex(Array(source.utf8))
  }
}

extension RedisClient {
  /// Runs a script: EVALSHA, and EVAL where the server does not know it (it has been restarted, or flushed).
  /// - Parameters:
  ///   - keys: KEYS of the script; every key that it touches.
  ///   - argument: ARGV of the script.
  package nonisolated(nonsending) func run<each Argument: RedisArgument>(
    _ script: RedisScript, keys: [String] = [], _ argument: repeat each Argument
  ) async throws(RedisError) -> RedisValue {
    let call = ScriptCall(script, keys, repeat each argument)
    return try await run(call)
  }

  private nonisolated(nonsending) func run(_ call: ScriptCall) async throws(RedisError) -> RedisValue {
    do throws(RedisError) {
      return try await send("EVALSHA", call.script.hash, call)
    } catch {
      guard error.code == .noScript else { throw error }
      return try await send("EVAL", call.script.source, call)
    }
  }
}

/// What follows the script in EVAL and EVALSHA: how many keys, the keys, the arguments.
private struct ScriptCall: RedisArgument {
  let script: RedisScript
  let argumentCount: Int
  private let encoded: [UInt8]

  init<each Argument: RedisArgument>(_ script: RedisScript, _ keys: [String], _ argument: repeat each Argument) {
    self.script = script
    let encoder = CommandEncoder(capacity: 256)
    var count = 1 + keys.count
    encoder.bulk(Int64(keys.count))
    for key in keys { encoder.bulk(key) }
    repeat count += (each argument).argumentCount
    repeat (each argument).encode(into: encoder)
    argumentCount = count
    encoded = Array(encoder.bytes)
  }

  func encode(into encoder: CommandEncoder) { encoded.withUnsafeBytes { encoder.append($0) } }
}
