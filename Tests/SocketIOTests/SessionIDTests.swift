import Testing

@testable import SocketIO

@Suite("Session identifiers")
struct SessionIDTests {
  @Test("read back what they write, for any loop")
  func roundTrip() throws {
    var source = IdentifierSource()
    for loop in [0, 1, 7, 255] {
      let id = source.session(loop: loop)
      let text = id.description
      #expect(text.utf8.count == 20)
      let parsed = try #require(SessionID(text))
      #expect(parsed == id)
      #expect(parsed.loop == loop)
    }
  }

  @Test("write base64url of their fifteen bytes")
  func encoding() {
    let id = SessionID(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e00)
    #expect(id.description == "AAECAwQFBgcICQoLDA0O")
    let ones = SessionID(high: UInt64.max, low: UInt64.max)
    #expect(ones.description == "____________________")
  }

  @Test(
    "refuse other lengths and characters",
    arguments: ["", "AAECAwQFBgcICQoLDA0", "AAECAwQFBgcICQoLDA0OA", "AAECAwQFBgcICQoLDA+O"])
  func refusals(text: String) { #expect(SessionID(text) == nil) }

  @Test("are all different")
  func unique() {
    var source = IdentifierSource()
    #expect(Set((0..<10_000).map { _ in source.socket() }).count == 10_000)
    #expect(Set((0..<10_000).map { _ in source.session(loop: 3).description }).count == 10_000)
  }
}
