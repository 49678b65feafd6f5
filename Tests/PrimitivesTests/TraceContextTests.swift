import Primitives
import Testing

@Suite("Trace context")
struct TraceContextTests {
  private static let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  @Test("reads and writes traceparent")
  func roundTrip() throws {
    let context = try #require(TraceContext(Self.valid))
    #expect(context.high == 0x4bf9_2f35_77b3_4da6 && context.low == 0xa3ce_929d_0e0e_4736)
    #expect(context.span == 0x00f0_67aa_0ba9_02b7)
    #expect(context.isSampled)
    #expect(context.description == Self.valid)
    #expect(context.traceID == "4bf92f3577b34da6a3ce929d0e0e4736")
    #expect(TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")?.isSampled == false)
    // Flags that this version does not know are not kept.
    #expect(TraceContext("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03")?.description == Self.valid)
  }

  @Test(
    "refuses what is not one",
    arguments: [
      "", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ",
      " 0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
      "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ])
  func refused(text: String) { #expect(TraceContext(text) == nil) }

  @Test("reads what it knows of a later version")
  func laterVersion() {
    #expect(TraceContext("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more")?.description == Self.valid)
    #expect(TraceContext("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")?.description == Self.valid)
  }

  @Test("a new trace is not sampled and is like no other; a step of a trace has its identifier and flag")
  func source() throws {
    var source = TraceSource()
    var seen = Set<String>()
    for _ in 0..<1000 {
      let context = source.next()
      #expect(!context.isSampled)
      #expect(seen.insert(context.traceID).inserted)
      #expect(TraceContext(context.description) == context)
    }
    let parent = try #require(TraceContext(Self.valid))
    let step = source.next(after: parent)
    #expect(step.traceID == parent.traceID && step.isSampled && step.span != parent.span)
    var other = TraceSource()
    #expect(other.next().traceID != source.next().traceID)
  }
}
