import Networking

// How long it may take its client to go on.
extension HTTPServerConnection {
  func updatePhase() {
    guard !isOver, webSocket == nil else { return }
    if case .nothing = sending {
      if let streamed { return enter(streamed.isPaused ? .busy : .body) }
      if isCongested { return enter(.sending) }
      if first != nil || heldUpgrade != nil { return enter(.busy) }
      switch parser.phase {
      case .idle, .failed: server.watch.move(self, to: .idle)
      case .head: enter(.head)
      case .body: enter(.body)
      }
    } else {
      enter(.sending)
    }
  }

  private func enter(_ phase: ConnectionWatch.Phase) {
    guard watchPhase != phase else { return }
    unsentAtDeadline = 0
    server.watch.move(self, to: phase)
  }

  func deadlinePassed() {
    switch watchPhase {
    case .body where streamed?.takeProgress() == true: server.watch.move(self, to: .body)
    case .head, .body:
      server.watch.move(self, to: .busy)
      refuse(HTTPError(.timedOut, "the request did not arrive in time"))
    case .idle where connection.outboundCount == 0: finish()
    case .idle, .sending:
      // As long as the client takes something it may go on.
      let unsent = connection.outboundCount
      if case .stream = sending, unsent == 0 { return server.watch.move(self, to: .sending) }
      if unsentAtDeadline > 0, unsent >= unsentAtDeadline { return abandon() }
      unsentAtDeadline = unsent
      server.watch.move(self, to: watchPhase)
    case .busy: break
    }
  }
}
