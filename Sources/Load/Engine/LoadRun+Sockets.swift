import CLinux
import HTTP
import JSON
import Networking
import Primitives

extension LoadRun {
  private static let connectTimeout = Duration.seconds(30)
  /// Attempts of a user's first connect; who was in once tries until the run is over.
  private static let attempts = 8

  // MARK: Coming

  /// Connects everybody, so many in a second as the scenario says. Throws the first reason when somebody cannot.
  func connectAll() async throws {
    let begin = clinux_monotonic_ns()
    connecting = users.count
    for (index, user) in users.enumerated() {
      let time = begin &+ UInt64(Double(index) / scenario.connectRate * 1e9)
      while true {
        // Looked at once: between two looks the time may come, and what is left of it would be centuries.
        let now = clinux_monotonic_ns()
        if now >= time { break }
        try await loop.sleep(for: .nanoseconds(time - now))
      }
      if isStopping || connectFailure != nil { break }
      loop.start { [self] in
        do {
          try await come(user, due: time)
        } catch {
          connectFailure = connectFailure ?? error
        }
        connecting -= 1
      }
      if index % 50 == 49 { report(self) }
    }
    while connecting > 0, connectFailure == nil, !isStopping { try await loop.sleep(for: .milliseconds(10)) }
    if let connectFailure { throw LoadFailure("not everybody could connect: \(connectFailure)") }
  }

  /// Connects a user and joins its rooms where it left them.
  private func come(_ user: LoadUser, due time: UInt64) async throws {
    var attempt = 0
    while true {
      do {
        try await connect(user)
        recorder.connects.record(clinux_monotonic_ns() &- time)
        return
      } catch {
        user.socket?.cut()
        user.socket = nil
        recorder.connectErrors += 1
        recorder.note("connect: \(error)")
        attempt += 1
        guard phase == .connecting ? attempt < Self.attempts : phase != .over else { throw error }
        try await loop.sleep(for: .milliseconds(100 << min(attempt, 5)))
      }
    }
  }

  private func connect(_ user: LoadUser) async throws {
    let socket = try await ChatSocket.open(
      target, token: user.person.token, timeout: Self.connectTimeout, sockets)
    user.socket = socket
    user.resuming = Set(user.rooms)
    socket.onEvent = { [unowned self, unowned user] event in received(user, event) }
    socket.onEnd = { [unowned self, unowned user, unowned socket] reason in ended(user, socket, reason) }
    for room in user.rooms {
      try await join(user, room, socket)
      user.resuming.remove(room)
    }
    user.isAway = false
    connectedUsers += 1
  }

  private func join(_ user: LoadUser, _ room: Int, _ socket: ChatSocket) async throws {
    let position = verifier.position(of: user.index, in: room)
    let after = position.map { ",\"afterSeq\":\($0)" } ?? ""
    let answer = try await socket.emit("[\"join\",{\"conversationId\":\"\(id(room))\"\(after)}]")
    let joined = try JSONDocument(parsing: answer).root[0]
    guard let last = joined?["lastSeq"]?.int64 else { throw LoadFailure("a join was answered without lastSeq") }
    if position == nil { verifier.joined(user.index, room: room, after: last) }
    if joined?["reset"]?.bool == true, let position {
      resets += 1
      try await readHistory(user, room, after: position, through: last)
    }
  }

  /// What cannot be resumed is in the history.
  private func readHistory(_ user: LoadUser, _ room: Int, after: Int64, through last: Int64) async throws {
    var position = after
    var headers = HTTPHeaders()
    headers.append("authorization", "Bearer \(user.person.token)")
    while position < last {
      let answer = try await http.get("\(roomPaths[room])?limit=200&afterSeq=\(position)", headers: headers)
      guard answer.status == .ok, let messages = try JSONDocument(parsing: answer.bytes).root["messages"]?.array else {
        throw LoadFailure("the history was answered with \(answer.status)")
      }
      guard messages.count > 0 else { return }
      for message in messages {
        guard let seq = message["seq"]?.int64 else { continue }
        let number = message.withRawBytes { MessageNumber.find(in: $0) }
        verifier.caughtUp(user.index, room: room, number: number, seq: seq)
        position = max(position, seq)
      }
    }
  }

  // MARK: Going

  /// The operation `reconnect`.
  func reconnectAny(_ time: UInt64) {
    for _ in 0..<16 {
      let user = users[random.index(below: users.count)]
      guard user.isConnected else { continue }
      let away = scenario.away.lowerBound + (scenario.away.upperBound - scenario.away.lowerBound) * random.fraction()
      user.socket?.cut()
      return comeBack(user, after: away, operation: time)
    }
    recorder.failed(.reconnect, "nobody was connected", counts: counts(time))
  }

  private func ended(_ user: LoadUser, _ socket: ChatSocket, _ reason: String) {
    guard user.socket === socket, phase != .over else { return }
    // One that was on its way in is `come`'s to repeat.
    guard !user.isAway else { return }
    dropped += 1
    recorder.note("a socket ended: \(reason)")
    comeBack(user, after: .milliseconds(300 + random.index(below: 1000)), operation: nil)
  }

  /// - Parameter operation: when the reconnect was due, where it is one of the scenario's.
  private func comeBack(_ user: LoadUser, after pause: Duration, operation time: UInt64?) {
    user.isAway = true
    user.socket = nil
    connectedUsers -= 1
    if time != nil { underWay += 1 }
    loop.start { [self] in
      defer { if time != nil { underWay -= 1 } }
      try? await loop.sleep(for: pause)
      // The time away is the scenario's; the operation is what follows.
      let begin = clinux_monotonic_ns()
      do {
        try await come(user, due: begin)
        if let time { recorder.finished(.reconnect, clinux_monotonic_ns() &- begin, counts: counts(time)) }
      } catch {
        if let time { recorder.failed(.reconnect, "\(error)", counts: counts(time)) }
      }
    }
  }

  // MARK: Receiving

  private static let message = Array("[\"message:new\"".utf8)

  private func received(_ user: LoadUser, _ event: UnsafeRawBufferPointer) {
    guard event.starts(with: Self.message), let seq = MessageNumber.seq(in: event),
      let room = MessageNumber.conversation(in: event).flatMap({ roomPlaces[$0] })
    else { return }
    let number = MessageNumber.find(in: event)
    let isResumed = user.resuming.contains(room)
    guard verifier.received(user.index, room: room, number: number, seq: Int64(seq)), let number, number < due.count
    else { return }
    guard !isResumed else { return recorder.deliveredByResume() }
    let time = due[number]
    let latency = clinux_monotonic_ns() &- time
    recorder.delivered(latency, counts: counts(time))
    if counts(time) { user.latencies.record(latency) }
  }

  // MARK: Tokens

  /// Renews the access tokens of users who were registered, when two thirds of their time are over.
  func renewTokens() async {
    guard let shortest = users.compactMap({ $0.person.session?.expiresIn }).min() else { return }
    while !Task.isCancelled {
      try? await loop.sleep(for: .seconds(max(5, shortest * 2 / 3)))
      for user in users {
        guard !Task.isCancelled, let session = user.person.session else { break }
        do {
          user.person = try await Registration.refresh(user.person, session, http, target)
        } catch {
          recorder.note("refresh: \(error)")
        }
      }
    }
  }
}
