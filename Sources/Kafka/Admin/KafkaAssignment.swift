/// What a member of a group was given, as the group's leader has written it (Kafka's ConsumerProtocolAssignment): a version,
/// topics with their partitions, and bytes of the strategy's own. Numbers are big-endian.
enum KafkaAssignment {
  /// Of what is cut short or no assignment, as much as can be read.
  static func partitions(_ bytes: UnsafeRawBufferPointer) -> [KafkaPartition] {
    var rest = bytes[...]
    func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
      let size = MemoryLayout<Number>.size
      guard rest.count >= size else { return nil }
      defer { rest = rest.dropFirst(size) }
      return rest.prefix(size).reduce(Number.zero) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
    guard number(Int16.self) != nil, let topics = number(Int32.self), topics > 0 else { return [] }
    var partitions: [KafkaPartition] = []
    for _ in 0..<topics {
      guard let length = number(Int16.self), length >= 0, rest.count >= Int(length) else { return partitions }
      let topic = String(decoding: rest.prefix(Int(length)), as: UTF8.self)
      rest = rest.dropFirst(Int(length))
      guard let count = number(Int32.self), count >= 0 else { return partitions }
      for _ in 0..<count {
        guard let partition = number(Int32.self) else { return partitions }
        partitions.append(KafkaPartition(topic, partition))
      }
    }
    return partitions
  }
}
