// Bool, the integers and Double, both ways.

extension Bool: PostgresArrayElement {
  package static var postgresType: UInt32 { PostgresType.bool }
  package static var postgresArrayType: UInt32 { PostgresType.boolArray }
  package func encode(into buffer: inout PostgresBuffer) { buffer.append(UInt8(self ? 1 : 0)) }

  package init(postgres cell: PostgresCell) throws(PostgresError) {
    let bytes = try cell.value(as: Bool.self)
    guard cell.type == PostgresType.bool, bytes.count == 1 else { throw cell.mismatch(Bool.self) }
    self = bytes[0] != 0
  }
}

extension Int16: PostgresArrayElement {
  package static var postgresType: UInt32 { PostgresType.int2 }
  package static var postgresArrayType: UInt32 { PostgresType.int2Array }
  package func encode(into buffer: inout PostgresBuffer) { buffer.append(self) }

  package init(postgres cell: PostgresCell) throws(PostgresError) {
    guard let value = Int16(exactly: try cell.integer(as: Int16.self)) else { throw cell.mismatch(Int16.self) }
    self = value
  }
}

extension Int32: PostgresArrayElement {
  package static var postgresType: UInt32 { PostgresType.int4 }
  package static var postgresArrayType: UInt32 { PostgresType.int4Array }
  package func encode(into buffer: inout PostgresBuffer) { buffer.append(self) }

  package init(postgres cell: PostgresCell) throws(PostgresError) {
    guard let value = Int32(exactly: try cell.integer(as: Int32.self)) else { throw cell.mismatch(Int32.self) }
    self = value
  }
}

extension Int64: PostgresArrayElement {
  package static var postgresType: UInt32 { PostgresType.int8 }
  package static var postgresArrayType: UInt32 { PostgresType.int8Array }
  package func encode(into buffer: inout PostgresBuffer) { buffer.append(self) }
  package init(postgres cell: PostgresCell) throws(PostgresError) { self = try cell.integer(as: Int64.self) }
}

extension Int: PostgresArrayElement {
  package static var postgresType: UInt32 { PostgresType.int8 }
  package static var postgresArrayType: UInt32 { PostgresType.int8Array }
  package func encode(into buffer: inout PostgresBuffer) { buffer.append(Int64(self)) }
  package init(postgres cell: PostgresCell) throws(PostgresError) { self = Int(try cell.integer(as: Int.self)) }
}

extension Double: PostgresArrayElement {
  package static var postgresType: UInt32 { PostgresType.float8 }
  package static var postgresArrayType: UInt32 { PostgresType.float8Array }
  package func encode(into buffer: inout PostgresBuffer) { buffer.append(bitPattern) }

  package init(postgres cell: PostgresCell) throws(PostgresError) {
    let bytes = try cell.value(as: Double.self)
    switch (cell.type, bytes.count) {
    case (PostgresType.float8, 8):
      self.init(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
    case (PostgresType.float4, 4):
      self.init(Float(bitPattern: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))))
    default: throw cell.mismatch(Double.self)
    }
  }
}
