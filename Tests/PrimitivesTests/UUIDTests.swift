import Primitives
import Testing

@Suite("Identifiers")
struct UUIDTests {
  @Test("the canonical form is read in either case and written in lower case")
  func text() {
    let id = UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")
    #expect(id?.description == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    #expect(id?.high == 0x017f_22e2_79b0_7cc3)
    for text in [
      "", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
      "017f22e279b07cc398c4dc0c0c07398f", "{17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
      "017f22e2-79b0-7cc3-98c4_dc0c0c07398f",
      "g17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    ] { #expect(UUID(text) == nil) }
  }

  @Test("a thread's identifiers rise, never repeat, and bear version, variant and time")
  func version7() {
    let before = UInt64(Timestamp.now().microseconds / 1000)
    var last = UUID.v7()
    for _ in 0..<100_000 {
      let next = UUID.v7()
      #expect(last < next)
      #expect(next.high >> 12 & 15 == 7)
      #expect(next.low >> 62 == 2)
      last = next
    }
    #expect(last.high >> 16 >= before)
    // Counting ahead of the clock is bounded by how many were made: 4,096 a millisecond.
    #expect(last.high >> 16 <= UInt64(Timestamp.now().microseconds / 1000) + 26)
  }

  @Test("bytes are in network order, and the order of bytes is the order of identifiers")
  func bytes() {
    let raw = (1...16).map { UInt8($0) }
    let id = raw.withUnsafeBytes { UUID(bytes: $0) }
    #expect(id.description == "01020304-0506-0708-090a-0b0c0d0e0f10")
  }
}
