import ChatKit
import JSON
import MessagePack
import Primitives
import TestSupport
import Testing

@Suite("Events on the bus, as JSON and as MessagePack")
struct EventEncodingTests {
  private static let message = Message(
    id: .v7(), conversationId: .v7(), seq: 1 << 40, senderId: .v7(), type: .text,
    body: "quotes \" and \\ and \u{2028} and 🐎 and \n\t\u{1}", replyTo: nil, createdAt: .now(), editedAt: nil,
    deletedAt: nil)

  private static func text(_ value: JSONValue?) -> String {
    value.map { String(decoding: $0.rawBytes, as: UTF8.self) } ?? "none"
  }

  @Test("an event is read as it was written, in either encoding", arguments: EventEncoding.allCases)
  func roundTrip(encoding: EventEncoding) throws {
    let event = Event.messageCreated(.v7(), Self.message, epoch: 7)
    let received = try #require(ReceivedEvent(payload: event.busEvent(as: encoding).payload))
    #expect(received.id == event.id && received.kind == .messageCreated)
    #expect(received.conversationId == Self.message.conversationId)
    #expect(received.seq == 1 << 40 && received.epoch == 7)
    #expect(received.data.value?["body"]?.string == Self.message.body)
    #expect(Self.text(received.data.value) == String(decoding: event.data, as: UTF8.self))
    // What a room is told is the same, too.
    var packed = MessagePackWriter()
    received.data.write(to: &packed)
    var transcoder = MessagePackToJSON()
    let json = try packed.bytes.withUnsafeBytes { try transcoder.transcode($0) }
    #expect(String(decoding: json, as: UTF8.self) == String(decoding: event.data, as: UTF8.self))

    let change = Event(
      kind: .participantChanged, at: .now(), conversationId: .v7(), data: Array(#"{"a":[1,-2,3.5]}"#.utf8))
    let second = try #require(ReceivedEvent(payload: change.busEvent(as: encoding).payload))
    #expect(second.seq == nil && second.epoch == nil)
    #expect(Self.text(second.data.value) == #"{"a":[1,-2,3.5]}"#)
  }

  @Test("what is cut short, of a later version, or no event at all is nobody's")
  func refused() throws {
    let whole = Event.messageCreated(.v7(), Self.message, epoch: 7).busEvent(as: .messagePack).payload
    for count in 0..<whole.count { #expect(ReceivedEvent(payload: Array(whole[..<count])) == nil, "\(count)") }
    #expect(ReceivedEvent(payload: whole + [0]) == nil)
    for bytes: [UInt8] in [[], [0x80], [0xdf, 0xff, 0xff, 0xff, 0xff], [0x90], [0xc0]] {
      #expect(ReceivedEvent(payload: bytes) == nil)
    }
    // Keys that are not known yet are passed over, whatever they hold.
    var later = MessagePackWriter()
    later.mapHeader(5)
    later.value("of a later version")
    later.arrayHeader(1)
    later.mapHeader(0)
    for (key, value) in [("id", "\(UUID.v7())"), ("type", "message.created"), ("conversationId", "\(UUID.v7())")] {
      later.value(key)
      later.value(value)
    }
    later.value("data")
    later.null()
    #expect(ReceivedEvent(payload: later.bytes) != nil)
  }

  @Test("a group that is fed both, while an installation changes, reads both")
  func rolling() async throws {
    try await Domain.with { domain in
      let key = UUID.v7()
      let seen = Recorder<Int64?>()
      let subscription = domain.bus.subscribe(group: "g") { payloads in
        seen.elements += payloads.map { ReceivedEvent(payload: $0)?.seq }
      }
      for seq in 1...40 {
        var message = Self.message
        message.conversationId = key
        message.seq = Int64(seq)
        let event = Event.messageCreated(.v7(), message, epoch: 0)
        try await domain.bus.publish([event.busEvent(as: seq % 3 == 0 ? .json : .messagePack)])
      }
      try await eventually("all events") { seen.elements.count >= 40 }
      await subscription.close()
      #expect(seen.elements == (1...40).map { Int64($0) })
    }
  }

  /// Says what each costs: a figure for docs/PERFORMANCE.md, not a condition.
  @Test("MessagePack is the shorter one")
  func size() {
    var message = Self.message
    message.body = String(repeating: "a message of a usual length. ", count: 4)
    let event = Event.messageCreated(.v7(), message, epoch: 7)
    let clock = ContinuousClock()
    var bytes: [EventEncoding: Int] = [:]
    for encoding in EventEncoding.allCases {
      let payload = event.busEvent(as: encoding).payload
      bytes[encoding] = payload.count
      var sum = 0
      let written = clock.measure { for _ in 0..<2000 { sum += event.busEvent(as: encoding).payload.count } }
      let consumed = clock.measure {
        for _ in 0..<2000 {
          var writer = MessagePackWriter(reserving: 512)
          ReceivedEvent(payload: payload)?.data.write(to: &writer)
          sum += writer.bytes.count
        }
      }
      #expect(sum > 0)
      print(
        "an event as \(encoding.rawValue): \(payload.count) bytes, written in \(written / 2000), consumed in \(consumed / 2000)"
      )
    }
    #expect(bytes[.messagePack] ?? .max < bytes[.json] ?? 0)
  }
}
