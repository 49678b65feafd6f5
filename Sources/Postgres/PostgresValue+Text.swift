// String, identifiers, times and JSON, both ways.
package import Primitives

extension String: PostgresArrayElement {
  package static var postgresType: UInt32 { PostgresType.text }
  package static var postgresArrayType: UInt32 { PostgresType.textArray }

  package func encode(into buffer: inout PostgresBuffer) {
    var copy = self
    copy.withUTF8 { buffer.append(UnsafeRawBufferPointer($0)) }
  }

  /// The server sends valid UTF-8 (client_encoding is UTF8), so the bytes are not checked here a second time.
  package init(postgres cell: PostgresCell) throws(PostgresError) {
    self = String(decoding: try cell.text(as: String.self), as: UTF8.self)
  }
}

extension UUID: PostgresArrayElement {
  package static var postgresType: UInt32 { PostgresType.uuid }
  package static var postgresArrayType: UInt32 { PostgresType.uuidArray }

  package func encode(into buffer: inout PostgresBuffer) {
    buffer.append(high)
    buffer.append(low)
  }

  package init(postgres cell: PostgresCell) throws(PostgresError) {
    let bytes = try cell.value(as: UUID.self)
    guard cell.type == PostgresType.uuid, bytes.count == 16 else { throw cell.mismatch(UUID.self) }
    self.init(bytes: bytes)
  }
}

/// PostgreSQL counts microseconds from 2000-01-01T00:00:00Z; its two infinities are the extreme values, here too.
extension Timestamp: PostgresArrayElement {
  package static var postgresType: UInt32 { PostgresType.timestamptz }
  package static var postgresArrayType: UInt32 { PostgresType.timestamptzArray }
  private static let epoch: Int64 = 946_684_800_000_000

  package func encode(into buffer: inout PostgresBuffer) {
    let (shifted, overflow) = microseconds.subtractingReportingOverflow(Self.epoch)
    buffer.append(microseconds == .max ? .max : overflow ? .min : shifted)
  }

  package init(postgres cell: PostgresCell) throws(PostgresError) {
    let bytes = try cell.value(as: Timestamp.self)
    guard cell.type == PostgresType.timestamptz || cell.type == PostgresType.timestamp, bytes.count == 8 else {
      throw cell.mismatch(Timestamp.self)
    }
    let value = Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
    let (shifted, overflow) = value.addingReportingOverflow(Self.epoch)
    self.init(microseconds: value == .min ? .min : overflow ? .max : shifted)
  }
}

/// The text of a JSON value as a parameter or result of type jsonb. It is not checked here; the server does.
package struct PostgresJSON: PostgresArrayElement, Hashable {
  package var bytes: [UInt8]

  package init(_ bytes: [UInt8]) { self.bytes = bytes }
  package init(_ text: String) { bytes = Array(text.utf8) }

  package var text: String { String(decoding: bytes, as: UTF8.self) }

  package static var postgresType: UInt32 { PostgresType.jsonb }
  package static var postgresArrayType: UInt32 { PostgresType.jsonbArray }

  package func encode(into buffer: inout PostgresBuffer) {
    buffer.append(UInt8(1))
    buffer.append(bytes)
  }

  package init(postgres cell: PostgresCell) throws(PostgresError) {
    bytes = Array(try cell.text(as: PostgresJSON.self))
  }
}
