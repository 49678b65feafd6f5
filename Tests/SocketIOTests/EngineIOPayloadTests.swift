import Testing

@testable import SocketIO

@Suite("Polling payloads")
struct EngineIOPayloadTests {
  private func read(_ text: String) -> [String] {
    Array(text.utf8).withUnsafeBytes { bytes in
      var reader = EngineIOPayload.Reader(bytes)
      var found: [String] = []
      while let packet = reader.next() {
        switch packet {
        case .text(let type, let data): found.append("\(type) \(String(decoding: data, as: UTF8.self))")
        case .binary(let bytes): found.append("binary \(bytes)")
        case .malformed: found.append("malformed")
        }
      }
      return found
    }
  }

  @Test("are read packet by packet, binary ones from base64")
  func reading() {
    #expect(read("4hello") == ["message hello"])
    #expect(read("4a\u{1e}3\u{1e}bAQIDBA==\u{1e}1") == ["message a", "pong ", "binary [1, 2, 3, 4]", "close "])
    #expect(read("4\u{1e}2probe") == ["message ", "ping probe"])
  }

  @Test("end at the first packet that is none", arguments: ["", "abc", "7", "4a\u{1e}", "4a\u{1e}b!!"])
  func malformed(text: String) {
    let packets = read(text)
    #expect(packets.last == "malformed")
    #expect(packets.filter { $0 == "malformed" }.count == 1)
  }

  @Test("are written with separators between packets")
  func writing() {
    var writer = EngineIOPayload.Writer()
    writer.append(.ping)
    Array("4hi".utf8).withUnsafeBytes { writer.append(encoded: $0) }
    [UInt8]([1, 2, 3, 4]).withUnsafeBytes { writer.append(binary: $0) }
    writer.append(.close)
    #expect(String(decoding: writer.bytes, as: UTF8.self) == "2\u{1e}4hi\u{1e}bAQIDBA==\u{1e}1")
  }
}
