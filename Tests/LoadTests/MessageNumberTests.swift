import Load
import Primitives
import Testing

@Suite("What is read of events")
struct MessageNumberTests {
  private static let id = UUID("0192d3c4-5b6a-7f00-8000-0123456789ab")

  @Test("number, seq and conversation of a message are found, whatever stands around them")
  func finding() {
    let event = """
      ["message:new",{"id":"x","conversationId":"0192d3c4-5b6a-7f00-8000-0123456789ab","seq":4711,"senderName":"load-a-1",\
      "body":"\(MessageNumber.body(17, bytes: 200))","version":1},"hub.12"]
      """
    Array(event.utf8).withUnsafeBytes { bytes in
      #expect(MessageNumber.find(in: bytes) == 17)
      #expect(MessageNumber.seq(in: bytes) == 4711)
      #expect(MessageNumber.conversation(in: bytes) == Self.id)
    }
    Array("[\"offset\",\"hub.3\"]".utf8).withUnsafeBytes { bytes in
      #expect(MessageNumber.find(in: bytes) == nil && MessageNumber.seq(in: bytes) == nil)
      #expect(MessageNumber.conversation(in: bytes) == nil)
    }
    // Cut in the middle of what is looked for.
    Array("{\"conversationId\":\"0192d3c4".utf8).withUnsafeBytes { #expect(MessageNumber.conversation(in: $0) == nil) }
    Array("{\"se".utf8).withUnsafeBytes { #expect(MessageNumber.seq(in: $0) == nil) }
  }

  @Test("a body is as long as it should be", arguments: [1, 10, 60, 61, 400, 4096])
  func sizes(_ bytes: Int) {
    let body = MessageNumber.body(123_456, bytes: bytes)
    #expect(body.utf8.count == max(bytes, "#123456 ".utf8.count))
    Array(body.utf8).withUnsafeBytes { #expect(MessageNumber.find(in: $0) == 123_456) }
  }
}

@Suite("The client's side of Socket.IO")
struct SocketMachineTests {
  private static func receive(_ machine: inout SocketMachine, _ text: String) -> String {
    Array(text.utf8).withUnsafeBytes { bytes in
      switch machine.receive(bytes) {
      case .nothing: "nothing"
      case .send(let packet): "send \(packet)"
      case .connected: "connected"
      case .event(let arguments): "event \(String(decoding: arguments, as: UTF8.self))"
      case .acknowledged(let number, let arguments): "ack \(number) \(String(decoding: arguments, as: UTF8.self))"
      case .failed(let reason): "failed \(reason)"
      }
    }
  }

  @Test("it opens, connects with its token, answers pings, and tells events from acknowledgements")
  func life() {
    var machine = SocketMachine(token: "t")
    func receive(_ text: String) -> String { Self.receive(&machine, text) }
    #expect(receive("0{\"sid\":\"x\"}") == "send 40{\"token\":\"t\"}")
    #expect(!machine.isConnected)
    #expect(receive("40{\"sid\":\"y\"}") == "connected")
    #expect(machine.isConnected)
    #expect(receive("2") == "send 3")
    #expect(receive("42[\"message:new\",{}]") == "event [\"message:new\",{}]")
    let (first, second) = (machine.emit("[\"a\"]"), machine.emit("[\"b\"]"))
    #expect(first.number == 0 && first.packet == "420[\"a\"]")
    #expect(second.number == 1 && second.packet == "421[\"b\"]")
    #expect(receive("431[{\"ok\":true}]") == "ack 1 [{\"ok\":true}]")
    #expect(receive("41") == "failed disconnected by the server")
  }

  @Test("a refused connect and what nobody expects end it")
  func refusals() {
    var machine = SocketMachine(token: "t")
    func receive(_ text: String) -> String { Self.receive(&machine, text) }
    #expect(receive("40{}").hasPrefix("failed"))
    #expect(receive("44{\"message\":\"no\"}") == "failed the connect was refused: 44{\"message\":\"no\"}")
    #expect(receive("").hasPrefix("failed"))
    #expect(receive("43[1]").hasPrefix("failed"))
  }
}
