import JSON

/// Socket.IO packets as Engine.IO text packets: the bytes begin with Engine.IO's `4`.
enum SocketIOPacketEncoder {
  /// `/` is left out of a packet, every other namespace is followed by a comma.
  static func prefix(of namespace: String) -> [UInt8] {
    namespace == "/" ? [] : Array(namespace.utf8) + [UInt8(ascii: ",")]
  }

  /// A packet of `type` (the binary one where there are attachments) with `json` as its payload.
  static func encode(
    _ type: SocketIOPacketType, prefix: [UInt8], id: UInt64? = nil, attachments: Int = 0,
    json: UnsafeRawBufferPointer
  ) -> [UInt8] {
    let capacity = 2 + (attachments > 0 ? 3 : 0) + prefix.count + (id == nil ? 0 : 20) + json.count
    return [UInt8](unsafeUninitializedCapacity: capacity) { out, count in
      out[0] = EngineIOPacketType.message.rawValue
      out[1] = type.rawValue
      count = 2
      if attachments > 0 {
        // Only types 2 and 3 have binary forms, which are 3 higher.
        out[1] = type.rawValue + 3
        count += decimal(UInt64(attachments), out.baseAddress! + count)
        out[count] = UInt8(ascii: "-")
        count += 1
      }
      if !prefix.isEmpty {
        (out.baseAddress! + count).update(from: prefix, count: prefix.count)
        count += prefix.count
      }
      if let id { count += decimal(id, out.baseAddress! + count) }
      if let base = json.baseAddress {
        UnsafeMutableRawPointer(out.baseAddress! + count).copyMemory(from: base, byteCount: json.count)
        count += json.count
      }
    }
  }

  /// `["name",…]`: what an event's payload looks like, its arguments written by `arguments`.
  static func event(_ name: some StringProtocol, _ arguments: (inout JSONWriter) -> Void) -> JSONWriter {
    var json = JSONWriter()
    json.beginArray()
    json.value(String(name))
    arguments(&json)
    json.endArray()
    return json
  }

  private static func decimal(_ value: UInt64, _ out: UnsafeMutablePointer<UInt8>) -> Int {
    var digits = 1
    var rest = value
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    rest = value
    for index in stride(from: digits - 1, through: 0, by: -1) {
      out[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
      rest /= 10
    }
    return digits
  }
}
