// Optional and Array, both ways.

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
  package static var postgresType: UInt32 { Wrapped.postgresType }
  package var isPostgresNull: Bool { self?.isPostgresNull ?? true }
  package func encode(into buffer: inout PostgresBuffer) { self?.encode(into: &buffer) }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  package init(postgres cell: PostgresCell) throws(PostgresError) {
    self = cell.bytes == nil ? nil : .some(try Wrapped(postgres: cell))
  }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresArrayElement {
  package static var postgresArrayType: UInt32 { Wrapped.postgresArrayType }
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
  package static var postgresType: UInt32 { Element.postgresArrayType }
  package func encode(into buffer: inout PostgresBuffer) { Element.encode(array: self, into: &buffer) }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
  package init(postgres cell: PostgresCell) throws(PostgresError) { self = try Element.decode(array: cell) }
}

/// `[UInt8]` is bytea; `[[UInt8]]` an array of it.
extension Array: PostgresArrayElement where Element == UInt8 {
  package static var postgresArrayType: UInt32 { PostgresType.byteaArray }
}

extension UInt8: PostgresArrayElement {
  /// Of no use alone: PostgreSQL has no unsigned byte. It is sent as an int2.
  package static var postgresType: UInt32 { PostgresType.int2 }
  package static var postgresArrayType: UInt32 { PostgresType.bytea }
  package func encode(into buffer: inout PostgresBuffer) { buffer.append(Int16(self)) }

  package init(postgres cell: PostgresCell) throws(PostgresError) {
    guard let value = UInt8(exactly: try cell.integer(as: UInt8.self)) else { throw cell.mismatch(UInt8.self) }
    self = value
  }

  package static func encode(array: [UInt8], into buffer: inout PostgresBuffer) { buffer.append(array) }

  /// bytea, or the bytes of a textual type.
  package static func decode(array cell: PostgresCell) throws(PostgresError) -> [UInt8] {
    if cell.type == PostgresType.bytea { return Array(try cell.value(as: [UInt8].self)) }
    return Array(try cell.text(as: [UInt8].self))
  }
}

extension PostgresArrayElement {
  /// The binary form of a one-dimensional array (array_send): dimensions, whether there are NULLs, the element's type,
  /// the length and the lower bound of the dimension, then each element with its length, -1 for NULL.
  package static func encode(array: [Self], into buffer: inout PostgresBuffer) {
    buffer.append(Int32(array.isEmpty ? 0 : 1))
    buffer.append(Int32(array.contains { $0.isPostgresNull } ? 1 : 0))
    buffer.append(postgresType)
    guard !array.isEmpty else { return }
    buffer.append(Int32(array.count))
    buffer.append(Int32(1))
    for element in array {
      if element.isPostgresNull {
        buffer.append(Int32(-1))
      } else {
        buffer.appendCounted { element.encode(into: &$0) }
      }
    }
  }

  package static func decode(array cell: PostgresCell) throws(PostgresError) -> [Self] {
    let bytes = try cell.value(as: [Self].self)
    func int32(at offset: Int) throws(PostgresError) -> Int32 {
      guard offset + 4 <= bytes.count else { throw cell.mismatch([Self].self) }
      return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }
    let dimensions = try int32(at: 0)
    if dimensions == 0 { return [] }
    let type = UInt32(bitPattern: try int32(at: 8))
    let count = Int(try int32(at: 12))
    // An element takes four bytes at least, which bounds what is reserved.
    guard dimensions == 1, count >= 0, count <= bytes.count / 4 else { throw cell.mismatch([Self].self) }
    var array: [Self] = []
    array.reserveCapacity(count)
    var offset = 20
    for _ in 0..<count {
      let length = Int(try int32(at: offset))
      offset += 4
      guard length >= 0 else {
        array.append(try Self(postgres: PostgresCell(bytes: nil, type: type, row: cell.row, column: cell.column)))
        continue
      }
      guard length <= bytes.count - offset else { throw cell.mismatch([Self].self) }
      let element = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
      array.append(try Self(postgres: PostgresCell(bytes: element, type: type, row: cell.row, column: cell.column)))
      offset += length
    }
    return array
  }
}
