/// A value that a column can be read as.
package protocol PostgresDecodable: Sendable {
  init(postgres cell: PostgresCell) throws(PostgresError)
}

/// One value of a result, or one element of an array in it. Its bytes are the result's: they are valid while they are
/// decoded, and must be copied to be kept.
package struct PostgresCell {
  /// nil is SQL's NULL.
  package let bytes: UnsafeRawBufferPointer?
  package let type: UInt32
  package let row: Int
  package let column: Int

  /// The bytes, or an error that says NULL was not expected.
  @inline(__always)
  package func value(as swiftType: Any.Type) throws(PostgresError) -> UnsafeRawBufferPointer {
    guard let bytes else {
      throw PostgresError(.decoding, "column \(column) of row \(row) is NULL, wanted \(swiftType)")
    }
    return bytes
  }

  package func mismatch(_ swiftType: Any.Type) -> PostgresError {
    PostgresError(
      .decoding,
      "column \(column) of row \(row), type \(type), \(bytes?.count ?? 0) bytes, cannot be read as \(swiftType)")
  }

  /// An integer of any width.
  @inline(__always)
  func integer(as swiftType: Any.Type) throws(PostgresError) -> Int64 {
    let bytes = try value(as: swiftType)
    switch (type, bytes.count) {
    case (PostgresType.int8, 8): return Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
    case (PostgresType.int4, 4): return Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
    case (PostgresType.int2, 2): return Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
    case (PostgresType.oid, 4): return Int64(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
    default: throw mismatch(swiftType)
    }
  }

  /// The bytes of a textual type; jsonb without its version.
  @inline(__always)
  func text(as swiftType: Any.Type) throws(PostgresError) -> UnsafeRawBufferPointer {
    let bytes = try value(as: swiftType)
    switch type {
    case PostgresType.text, PostgresType.varchar, PostgresType.bpchar, PostgresType.name, PostgresType.json,
      PostgresType.unknown, PostgresType.char, PostgresType.void:
      return bytes
    case PostgresType.jsonb:
      guard bytes.first == 1 else { throw mismatch(swiftType) }
      return UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    case PostgresType.firstUserDefined...:
      return bytes
    default: throw mismatch(swiftType)
    }
  }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
  package init(postgres cell: PostgresCell) throws(PostgresError) {
    guard let value = Self(rawValue: try RawValue(postgres: cell)) else { throw cell.mismatch(Self.self) }
    self = value
  }
}
