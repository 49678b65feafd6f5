import JSON
import Networking
import TestSupport
import Testing

/// Clients that break the protocol, or do not keep up. The others must not notice.
@Suite("Hostile clients")
struct HostileClientTests {
  /// A person with a socket that works, before and after.
  private func isServing(_ stack: Stack, gateway: Int = 0) async throws {
    let ann = try await stack.person("ann")
    let id = try await stack.group(ann)
    let socket = try await stack.joined(ann, id, gateway: gateway)
    _ = try await stack.send("still here", to: id, by: ann).expect(201)
    _ = try await socket.next("message:new")
    socket.cut()
  }

  @Test(
    "a frame or packet that is malformed ends its own connection only",
    arguments: [
      // Frames: unmasked, reserved bits, reserved opcode, fragmented control, continuation of nothing, no UTF-8.
      WebSocketFrames.encode(Array("2".utf8), isMasked: false),
      [0xf1, 0x80, 0, 0, 0, 0], WebSocketFrames.encode([], opcode: 3),
      WebSocketFrames.encode([], opcode: 9, isFinal: false),
      WebSocketFrames.encode(Array("x".utf8), opcode: 0), WebSocketFrames.encode([0xc3, 0x28]),
      WebSocketFrames.encode([UInt8](repeating: 0x78, count: 200), opcode: 9),
      [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4],
      // Engine.IO and Socket.IO packets.
      WebSocketFrames.encode(Array("9".utf8)), WebSocketFrames.encode(Array("".utf8)),
      WebSocketFrames.encode(Array("2".utf8)), WebSocketFrames.encode(Array("42{".utf8)),
      WebSocketFrames.encode(Array("42".utf8)), WebSocketFrames.encode(Array("42[]".utf8)),
      WebSocketFrames.encode(Array("42[{}]".utf8)), WebSocketFrames.encode(Array(#"42["connect"]"#.utf8)),
      WebSocketFrames.encode(Array(#"42["disconnect","x"]"#.utf8)),
      WebSocketFrames.encode(Array("40".utf8)), WebSocketFrames.encode(Array("44{}".utf8)),
      WebSocketFrames.encode(Array("451-".utf8)),
      WebSocketFrames.encode(Array(#"4599999999999-["x"]"#.utf8)),
      WebSocketFrames.encode(Array("4299999999999999999999[\"x\"]".utf8)),
      WebSocketFrames.encode([1, 2, 3], opcode: 2),
      WebSocketFrames.encode(Array("42[\"x\",".utf8) + [UInt8](repeating: 0x5b, count: 5000)),
    ])
  func malformed(bytes: [UInt8]) async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let neighbour = try await stack.joined(ann, id)
      let socket = try await stack.joined(ann, id)
      socket.sendRaw(bytes)
      try await socket.waitForClose()
      _ = try await stack.send("hello", to: id, by: ann).expect(201)
      #expect(try await neighbour.next("message:new")["body"]?.string == "hello")
    }
  }

  @Test("a message beyond the limit ends the connection, one of almost the limit is handled")
  func tooBig() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let socket = try await stack.socket(ann)
      let big = try await socket.emit("no such", .string(String(repeating: "x", count: 990_000)))
      #expect(big["error"]?["code"]?.string == "invalid_request")
      socket.tell("no such", .string(String(repeating: "x", count: 1_100_000)))
      try await socket.waitForClose()
      try await isServing(stack)
    }
  }

  @Test("a client that never reads is closed, and resumes; the others get everything meanwhile")
  func neverReads() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let bob = try await stack.person("bob")
      let id = try await stack.group(ann, [bob])
      let reader = try await stack.joined(ann, id)
      let deaf = try await stack.joined(bob, id)
      deaf.stopReading()
      // 16 KB a message: the kernel's buffers, then the gateway's, are full after a few hundred.
      let body = String(repeating: "x", count: 16 << 10)
      let loop = stack.loop
      let count = 1200
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<6 {
          group.addTask {
            try await loop.submit {
              let api = stack.client(ann.token)
              for _ in 0..<(count / 6) {
                _ = try await api.post("/api/messages", ["conversationId": .string(id), "body": .string(body)]).expect(
                  201)
              }
            }
          }
        }
        try await group.waitForAll()
      }
      try await reader.wait("all", within: .seconds(30)) { reader.seqs.count == count }
      #expect(reader.seqs == Array(1...count))
      // The gateway has let go of it: once it reads again it finds what had been sent, and the end.
      deaf.cut()
      let back = try await stack.socket(bob)
      let ack = try await back.emit("join", ["conversationId": .string(id), "afterSeq": 0], within: .seconds(30))
      #expect(ack["replayed"]?.int == count)
      #expect(back.seqs == Array(1...count))
      let memory = try ResidentMemory.kilobytes(of: stack.gateways[0].process.pid)
      #expect(memory < 400_000, "the gateway has \(memory) KB")
    }
  }

  @Test("connections that say nothing, or half of something, do not keep others out")
  func silent() async throws {
    try await withStack { stack in
      var sockets: [RawSocket] = []
      for index in 0..<400 {
        let socket = try await RawSocket.connect(to: stack.gateways[index % 2].port, stack.loop)
        switch index % 4 {
        case 0: break
        case 1: socket.write("GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgr")
        case 2:
          socket.write(
            "POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab")
        default:
          // Upgraded, and then half a frame.
          socket.write(
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
          socket.write([0x81, 0xfe, 0x10])
        }
        sockets.append(socket)
      }
      try await isServing(stack, gateway: 0)
      try await isServing(stack, gateway: 1)
      for socket in sockets { socket.close() }
    }
  }

  @Test("a thousand clients connect at once, each joins, and each gets the message once")
  func thousand() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let loop = stack.loop
      let count = 1000
      let sockets = try await withThrowingTaskGroup(of: SocketClient.self) { group in
        for index in 0..<count {
          group.addTask {
            try await loop.submit {
              let port = stack.gateways[index % 2].port
              let socket = try await SocketClient.connect(to: port, token: ann.token, loop: loop, within: .seconds(30))
              let ack = try await socket.emit(
                "join", ["conversationId": .string(id), "afterSeq": 0], within: .seconds(30))
              guard ack["ok"]?.bool == true else { throw TestFailure("join: \(JSONLiteral(ack))") }
              return socket
            }
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(sockets.map(\.id)).count == count)
      #expect(sockets.allSatisfy { $0.id.utf8.count == 20 })
      for index in 1...3 { _ = try await stack.send("m\(index)", to: id, by: ann).expect(201) }
      for socket in sockets {
        try await socket.wait("three messages", within: .seconds(20)) { socket.seqs.count >= 3 }
      }
      #expect(sockets.allSatisfy { $0.seqs == [1, 2, 3] })
      // All go at once, half of them in the middle of a join.
      for (index, socket) in sockets.enumerated() {
        if index % 2 == 0 { socket.tell("join", ["conversationId": .string(id), "afterSeq": 0]) }
        socket.cut()
      }
      try await isServing(stack)
    }
  }

  @Test("joins, leaves and cuts in any order leave nothing behind that gets in the way")
  func churn() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      _ = try await stack.send("m1", to: id, by: ann).expect(201)
      for _ in 0..<30 {
        let socket = try await stack.socket(ann)
        // Not waiting for any of them.
        for _ in 0..<10 {
          socket.tell("join", ["conversationId": .string(id), "afterSeq": 0])
          socket.tell("leave", ["conversationId": .string(id)])
          socket.tell("join", ["conversationId": .string(id)])
        }
        socket.cut()
      }
      let socket = try await stack.joined(ann, id)
      let sent = try await stack.send("m2", to: id, by: ann).expect(201)
      try await socket.wait("the message") { socket.seqs.last == (try? sent.int("seq")) }
      #expect(socket.seqs == [2])
    }
  }

  @Test("a flood of events without acks is survived")
  func flood() async throws {
    try await withStack { stack in
      let ann = try await stack.person("ann")
      let id = try await stack.group(ann)
      let socket = try await stack.joined(ann, id)
      for index in 0..<3000 {
        socket.tell("message:send", ["conversationId": .string(id), "body": .string("f\(index)")])
        if index % 3 == 0 { socket.tell("typing", ["conversationId": .string(id)]) }
      }
      try await socket.wait("all that were stored", within: .seconds(30)) { socket.seqs.count == 3000 }
      #expect(socket.seqs == Array(1...3000))
      #expect(socket.bodies == (0..<3000).map { "f\($0)" })
    }
  }
}

enum ResidentMemory {
  /// VmRSS of a process.
  static func kilobytes(of pid: Int32) throws -> Int {
    let text = try FileText.read("/proc/\(pid)/status")
    for line in text.split(separator: "\n") where line.hasPrefix("VmRSS:") {
      if let number = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) }) { return number }
    }
    throw TestFailure("no VmRSS of \(pid)")
  }
}
