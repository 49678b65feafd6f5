import ChatKit
import JSON
import Primitives
import Testing

@Suite("An event's trace")
struct EventTraceTests {
  private func event(_ trace: TraceContext?, hops: EventHops? = nil) -> Event {
    let message = Message(
      id: .v7(), conversationId: .v7(), seq: 7, senderId: .v7(), type: .text, body: "hello", createdAt: .now())
    return Event.messageCreated(.v7(), message, epoch: 0, trace: trace, hops: hops)
  }

  @Test("goes over the bus with the times of the hops before it")
  func roundTrip() throws {
    var source = TraceSource()
    let trace = source.next()
    let hops = EventHops(received: Timestamp(microseconds: 1_700_000_000_000_001), committed: .now())
    let event = event(trace, hops: hops)
    #expect(event.busEvent.committed == hops.committed)
    let received = try #require(ReceivedEvent(payload: event.busEvent.payload))
    #expect(received.trace == trace)
    #expect(received.hops == hops)
    #expect(received.seq == 7)
  }

  @Test("is missing where there is none: of what the relay publishes, or an older version")
  func without() throws {
    let received = try #require(ReceivedEvent(payload: event(nil).busEvent.payload))
    #expect(received.trace == nil && received.hops == nil)
  }

  @Test("is ignored where it is none")
  func wrong() throws {
    let id = UUID.v7()
    for (trace, hops) in [("1", "1"), ("\"\"", "[]"), ("\"00-x\"", "[1]"), ("{}", "[\"a\",\"b\"]"), ("null", "null")] {
      let text = #"""
        {"id":"\#(id)","type":"message.created","v":1,"at":"2026-01-01T00:00:00.000Z","conversationId":"\#(id)",\#
        "trace":\#(trace),"hops":\#(hops),"data":{}}
        """#
      let received = try #require(ReceivedEvent(payload: Array(text.utf8)), "\(text)")
      #expect(received.trace == nil && received.hops == nil)
    }
  }

  @Test("is shown to receivers only when it is kept: what everybody else gets is as it always was")
  func visibility() throws {
    let parent = try #require(TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
    let sampled = try JSONDocument(parsing: event(parent).data).root
    #expect(sampled["trace"]?.string == parent.description)
    var source = TraceSource()
    let plain = try JSONDocument(parsing: event(source.next()).data).root
    #expect(plain["trace"] == nil)
  }
}
