/// The parameters `$1`, `$2` … of a statement, encoded.
package struct PostgresParameters: Sendable {
  struct Slot {
    var type: UInt32
    /// Where its bytes begin, or -1 for NULL.
    var offset: Int
    var length: Int
  }

  /// What the protocol allows (its count has 16 bits).
  package static let limit = 65_535

  var buffer = PostgresBuffer()
  var slots: [Slot] = []

  package init() {}

  package init<each Value: PostgresEncodable>(_ values: repeat each Value) {
    repeat append(each values)
  }

  package var count: Int { slots.count }

  package mutating func append<Value: PostgresEncodable>(_ value: Value) {
    guard !value.isPostgresNull else {
      slots.append(Slot(type: Value.postgresType, offset: -1, length: 0))
      return
    }
    let start = buffer.bytes.count
    value.encode(into: &buffer)
    slots.append(Slot(type: Value.postgresType, offset: start, length: buffer.bytes.count - start))
  }
}
