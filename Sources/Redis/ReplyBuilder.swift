/// Builds values from what a reader tells, and hands each complete one over.
final class ReplyBuilder: ReplySink {
  private struct Frame {
    var missing: Int
    var values: [RedisValue]
  }

  /// Called with each complete reply.
  @exclusivity(unchecked) var completed: (RedisValue) -> Void = { _ in }
  @exclusivity(unchecked) private var frames: [Frame] = []

  /// Forgets a half-read reply.
  func reset() { frames.removeAll() }

  override func arrayBegan(count: Int) {
    guard count > 0 else { return add(.array([])) }
    var values: [RedisValue] = []
    // What a server claims is not believed further than this.
    values.reserveCapacity(min(count, 4096))
    frames.append(Frame(missing: count, values: values))
  }

  override func string(_ bytes: UnsafeRawBufferPointer) { add(.string([UInt8](bytes))) }
  override func status(_ bytes: UnsafeRawBufferPointer) { add(.status(String(decoding: bytes, as: UTF8.self))) }
  override func integer(_ value: Int64) { add(.integer(value)) }
  override func null() { add(.null) }

  override func error(_ bytes: UnsafeRawBufferPointer) {
    add(.error(RedisError(reply: String(decoding: bytes, as: UTF8.self))))
  }

  private func add(_ value: RedisValue) {
    var value = value
    while let last = frames.indices.last {
      frames[last].values.append(value)
      frames[last].missing -= 1
      guard frames[last].missing == 0 else { return }
      value = .array(frames[last].values)
      frames.removeLast()
    }
    completed(value)
  }
}
