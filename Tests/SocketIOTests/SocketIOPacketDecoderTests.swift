import JSON
import Testing

@testable import SocketIO

@Suite("The Socket.IO decoder")
struct SocketIOPacketDecoderTests {
  private func decode(_ text: String) throws(SocketIOProtocolError) -> SocketIOPacket? {
    var decoder = SocketIOPacketDecoder()
    let bytes = Array(text.utf8)
    let result = bytes.withUnsafeBytes { bytes in
      Result { () throws(SocketIOProtocolError) in try decoder.decode(text: bytes) }
    }
    return try result.get()
  }

  private func failure(_ text: String) -> SocketIOProtocolError? {
    do throws(SocketIOProtocolError) {
      _ = try decode(text)
      return nil
    } catch {
      return error
    }
  }

  @Test("reads type, namespace, id and payload")
  func packets() throws {
    var packet = try #require(try decode("0"))
    #expect(packet.type == .connect && packet.namespace == "/" && packet.payload == nil)
    packet = try #require(try decode("0{\"token\":\"123\"}"))
    #expect(packet.payload?["token"]?.string == "123")
    packet = try #require(try decode("0/custom"))
    #expect(packet.namespace == "/custom")
    packet = try #require(try decode("0/custom,{\"a\":1}"))
    #expect(packet.namespace == "/custom" && packet.payload?["a"]?.int == 1)
    packet = try #require(try decode("2456[\"m\",1]"))
    #expect(packet.type == .event && packet.id == 456 && packet.payload?[0]?.string == "m")
    packet = try #require(try decode("3/a/b,7[]"))
    #expect(packet.type == .ack && packet.namespace == "/a/b" && packet.id == 7 && packet.payload?.count == 0)
    packet = try #require(try decode("1/custom,"))
    #expect(packet.type == .disconnect && packet.namespace == "/custom")
    packet = try #require(try decode("2[42,\"x\"]"))
    #expect(packet.payload?[0]?.int == 42)
  }

  @Test("gathers attachments before it hands an event out")
  func attachments() throws {
    var decoder = SocketIOPacketDecoder()
    let text = "52-/n,9[\"m\",{\"_placeholder\":true,\"num\":0},[{\"_placeholder\":true,\"num\":1}]]"
    var decoded = try Array(text.utf8).withUnsafeBytes { try decoder.decode(text: $0) }
    #expect(decoded?.type == nil)
    decoded = try [UInt8]([1, 2]).withUnsafeBytes { try decoder.decode(binary: $0) }
    #expect(decoded?.type == nil)
    decoded = try [UInt8]([3]).withUnsafeBytes { try decoder.decode(binary: $0) }
    let packet = try #require(decoded)
    #expect(packet.type == .event && packet.namespace == "/n" && packet.id == 9)
    let arguments = Arguments(event: packet.payload, attachments: packet.attachments)
    #expect(arguments.count == 2)
    #expect(arguments.binary(0) == [1, 2])
    #expect(arguments.binary(1) == nil)
    #expect(arguments[1]?[0].flatMap { arguments.attachment(for: $0) } == [3])
    decoded = try Array("2[\"next\"]".utf8).withUnsafeBytes { try decoder.decode(text: $0) }
    #expect(decoded?.type == .event)
  }

  @Test("turns away text while attachments are pending, and binary when none are")
  func order() {
    var decoder = SocketIOPacketDecoder()
    let text = Array("51-[\"m\",{\"_placeholder\":true,\"num\":0}]".utf8)
    _ = try? text.withUnsafeBytes { try decoder.decode(text: $0) }
    #expect(throws: SocketIOProtocolError.textAmidAttachments) {
      try text.withUnsafeBytes { try decoder.decode(text: $0) }
    }
    var fresh = SocketIOPacketDecoder()
    #expect(throws: SocketIOProtocolError.strayBinary) {
      try text.withUnsafeBytes { try fresh.decode(binary: $0) }
    }
  }

  @Test(
    "turns away what closes the transport",
    arguments: [
      ("", .unknownType), ("7", .unknownType), ("abc", .unknownType), ("2", .badPayload), ("2{}", .badPayload),
      ("2[]", .badPayload), ("2[null]", .badPayload), ("2[{}]", .badPayload), ("2[\"a\"", .badPayload),
      ("2abc[\"a\"]", .badPayload), ("2[\"connect\"]", .badPayload), ("2[\"connect_error\"]", .badPayload),
      ("2[\"disconnect\"]", .badPayload), ("2[\"disconnecting\"]", .badPayload), ("2[\"newListener\"]", .badPayload),
      ("2[\"removeListener\"]", .badPayload), ("2[\"c\\u006fnnect\"]", .badPayload), ("3", .badPayload),
      ("3{}", .badPayload), ("31\"a\"", .badPayload), ("0[]", .badPayload), ("0\"a\"", .badPayload),
      ("0null", .badPayload), ("1{}", .badPayload), ("5[\"a\"]", .badAttachmentCount),
      ("5-[\"a\"]", .badAttachmentCount), ("50-[\"a\"]", .badAttachmentCount), ("5x-[\"a\"]", .badAttachmentCount),
      ("51.5-[\"a\"]", .badAttachmentCount), ("51", .badAttachmentCount), ("511-[\"a\"]", .tooManyAttachments),
      ("51-[\"a\",{\"_placeholder\":true,\"num\":1}]", .badPlaceholder),
      ("51-[\"a\",[{\"b\":{\"_placeholder\":true,\"num\":-1}}]]", .badPlaceholder),
      ("51-[\"a\",{\"_placeholder\":true,\"num\":\"0\"}]", .badPlaceholder),
      ("21234567890123456789012[\"a\"]", .badAcknowledgement),
    ] as [(String, SocketIOProtocolError)])
  func refusals(text: String, error: SocketIOProtocolError) { #expect(failure(text) == error) }

  @Test("accepts names that only resemble reserved ones", arguments: ["connected", "error", "disconnects", "", "new"])
  func nearlyReserved(name: String) throws { #expect(try decode("2[\"\(name)\"]") != nil) }

  @Test("takes as many as ten attachments")
  func mostAttachments() throws { #expect(try decode("510-[\"a\"]") == nil) }

  @Test("refuses a namespace beyond its limit")
  func longNamespace() {
    #expect(failure("0/" + String(repeating: "a", count: 600)) == .badNamespace)
  }
}
