import JSON
import Primitives

extension DeadLetters {
  /// What is no event at all, to be looked at by somebody; nil of an event that is only of a later version or of a kind
  /// that is somebody else's. It has no key, so nothing waits behind it.
  static func unreadable(_ payload: [UInt8]) -> Parcel? {
    var json = payload
    if payload.first != UInt8(ascii: "{") {
      guard let value = EventData.messagePack(payload).value else { return parcel(payload) }
      json = value.rawBytes
    }
    guard let root = try? JSONDocument(parsing: json).root, root["id"]?.uuid != nil, root["type"]?.string != nil
    else { return parcel(payload) }
    return nil
  }

  private static func parcel(_ payload: [UInt8]) -> Parcel {
    // The same bytes are the same letter, should they come again.
    let digest = SHA256.digest(payload)
    let id = UUID(
      high: digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }, low: digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) })
    return Parcel(
      event: id, key: id, type: "unreadable", seq: nil, payload: payload,
      failure: InboxFailure("decoding", "it is no event"), attempts: 1)
  }
}

extension DeadLetter {
  /// For the topic of dead letters, with its payload.
  var busEvent: BusEvent {
    var json = JSONWriter(reserving: 512 + (payload?.count ?? 0))
    write(to: &json)
    return BusEvent(id: eventId, key: key, payload: json.bytes)
  }
}
