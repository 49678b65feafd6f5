import JSON
import Testing

@testable import SocketIO

@Suite("The Socket.IO encoder")
struct SocketIOPacketEncoderTests {
  private func encode(
    _ type: SocketIOPacketType, _ namespace: String, id: UInt64? = nil, attachments: Int = 0, json: String = ""
  ) -> String {
    let bytes = Array(json.utf8).withUnsafeBytes {
      SocketIOPacketEncoder.encode(
        type, prefix: SocketIOPacketEncoder.prefix(of: namespace), id: id, attachments: attachments, json: $0)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("writes what the reference writes")
  func packets() {
    #expect(encode(.connect, "/", json: "{\"sid\":\"x\"}") == "40{\"sid\":\"x\"}")
    #expect(encode(.disconnect, "/custom") == "41/custom,")
    #expect(encode(.event, "/", json: "[\"a\"]") == "42[\"a\"]")
    #expect(encode(.event, "/n", id: 12, json: "[\"a\"]") == "42/n,12[\"a\"]")
    #expect(encode(.event, "/n", id: 0, attachments: 10, json: "[]") == "4510-/n,0[]")
    #expect(encode(.ack, "/", id: 789, attachments: 2, json: "[]") == "462-789[]")
    #expect(encode(.connectError, "/r", json: "{}") == "44/r,{}")
  }

  @Test("builds an event's array from a name and arguments")
  func event() {
    let json = SocketIOPacketEncoder.event("na\"me") {
      $0.value(1)
      $0.value("zwei")
      $0.attachment(0)
    }
    #expect(
      String(decoding: json.bytes, as: UTF8.self)
        == "[\"na\\\"me\",1,\"zwei\",{\"_placeholder\":true,\"num\":0}]")
  }
}
