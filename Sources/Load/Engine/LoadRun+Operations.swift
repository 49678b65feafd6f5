import CLinux
import HTTP
import Networking
import Primitives

extension LoadRun {
  /// Begins the operation that was due at a time (monotonic ns).
  func issue(due time: UInt64) {
    recorder.due(late: clinux_monotonic_ns() &- time, counts: counts(time))
    switch choice.next(&random) {
    case .send: send(time)
    case .history:
      let user = users[random.index(below: users.count)]
      guard let room = anyRoom(of: user) else { return }
      request(.history, time, "\(roomPaths[room])?limit=50", user)
    case .inbox:
      request(.inbox, time, "\(target.url)/api/conversations?limit=20", users[random.index(below: users.count)])
    case .markRead:
      guard let (user, room) = anyConnected(.markRead, time) else { return }
      let seq = verifier.position(of: user.index, in: room) ?? 0
      emit(.markRead, time, user, "[\"message:read\",{\"conversationId\":\"\(id(room))\",\"seq\":\(seq)}]")
    case .typing:
      guard let (user, room) = anyConnected(.typing, time) else { return }
      emit(.typing, time, user, "[\"typing\",{\"conversationId\":\"\(id(room))\",\"isTyping\":true}]")
    case .reconnect: reconnectAny(time)
    }
  }

  func id(_ room: Int) -> UUID { population.rooms[room].id }

  private func anyRoom(of user: LoadUser) -> Int? {
    user.rooms.isEmpty ? nil : user.rooms[random.index(below: user.rooms.count)]
  }

  /// Somebody who is connected, and a room of theirs that has been joined.
  private func anyConnected(_ kind: OperationKind, _ time: UInt64) -> (LoadUser, Int)? {
    for _ in 0..<16 {
      let user = users[random.index(below: users.count)]
      if user.isConnected, let room = anyRoom(of: user), !user.resuming.contains(room) { return (user, room) }
    }
    recorder.failed(kind, "nobody was connected", counts: counts(time))
    return nil
  }

  // MARK: Messages

  private func send(_ time: UInt64) {
    let room = roomChoice.next(&random)
    let members = population.rooms[room].members
    let number = verifier.number()
    due.append(time)
    let body = MessageNumber.body(number, bytes: sizeChoice.next(&random))
    let message = "{\"conversationId\":\"\(id(room))\",\"body\":\"\(body)\"}"
    switch scenario.transport {
    case .http:
      let sender = users[members[random.index(below: members.count)]]
      request(.send, time, "\(target.url)/api/messages", sender, post: message) { [self] body in
        answered(number, room, body)
      }
    case .socket:
      var sender = users[members[random.index(below: members.count)]]
      for _ in 0..<16 where !sender.isConnected { sender = users[members[random.index(below: members.count)]] }
      emit(.send, time, sender, "[\"message:send\",\(message)]") { [self] answer in answered(number, room, answer) }
    }
  }

  private func answered(_ number: Int, _ room: Int, _ answer: UnsafeRawBufferPointer) {
    guard let seq = MessageNumber.seq(in: answer) else {
      return recorder.note("send: an answer without a seq")
    }
    verifier.answered(number, room: room, seq: Int64(seq))
  }

  // MARK: How they are done

  /// - Parameter done: told of the body of an answer with success, before the operation counts as finished.
  private func request(
    _ kind: OperationKind, _ time: UInt64, _ url: String, _ user: LoadUser, post body: String? = nil,
    done: @escaping @Sendable (UnsafeRawBufferPointer) -> Void = { _ in }
  ) {
    underWay += 1
    loop.start { [self] in
      defer { underWay -= 1 }
      guard await gate.enter() else {
        return recorder.failed(kind, "too many wait for a connection", counts: counts(time))
      }
      defer { gate.leave() }
      var headers = HTTPHeaders()
      headers.append("authorization", "Bearer \(user.person.token)")
      do {
        let answer: HTTPResponse
        if let body {
          headers.append("idempotency-key", UUID.v7().description)
          answer = try await http.post(url, headers: headers, body: Array(body.utf8))
        } else {
          answer = try await http.get(url, headers: headers)
        }
        let bytes = answer.bytes
        guard answer.status.code / 100 == 2 else {
          return recorder.failed(kind, ErrorCode.of(status: answer.status.code, bytes), counts: counts(time))
        }
        bytes.withUnsafeBytes(done)
        recorder.finished(kind, clinux_monotonic_ns() &- time, counts: counts(time))
      } catch {
        recorder.failed(kind, "\(error)", counts: counts(time))
      }
    }
  }

  private func emit(
    _ kind: OperationKind, _ time: UInt64, _ user: LoadUser, _ json: String,
    done: @escaping @Sendable (UnsafeRawBufferPointer) -> Void = { _ in }
  ) {
    guard let socket = user.socket, user.isConnected else {
      return recorder.failed(kind, "nobody was connected", counts: counts(time))
    }
    underWay += 1
    socket.emit(json) { [self] answer in
      underWay -= 1
      guard let answer else {
        return recorder.failed(kind, "the socket ended before the answer", counts: counts(time))
      }
      guard SocketMachine.isOK(answer) else {
        return recorder.failed(kind, ErrorCode.of([UInt8](answer)), counts: counts(time))
      }
      done(answer)
      recorder.finished(kind, clinux_monotonic_ns() &- time, counts: counts(time))
    }
  }
}
