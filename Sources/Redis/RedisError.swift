/// Why a command has no result.
package struct RedisError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Code: Equatable, Sendable {
    // What the server answers.
    case wrongType, noScript, loading, readOnly, moved, busy, tryAgain, outOfMemory, busyGroup, noGroup
    case notAuthenticated, notPermitted, executionAborted
    /// Any other error reply (`ERR …`).
    case refused
    // What happened on the way.
    /// No connection could be made in time.
    case notConnected
    /// TLS: the server's certificate is not to be believed, or our files cannot be used.
    case untrusted
    /// The connection was lost before the reply came.
    case connectionLost
    /// The reply did not come in time.
    case timedOut
    /// The queue is full.
    case overloaded
    /// The client has been closed.
    case closed
    /// The server sent what is not RESP, or more than is accepted.
    case malformedReply
    /// The reply is none that this command has.
    case unexpectedReply
  }

  /// What is known about the command's effect.
  package enum Outcome: Sendable {
    /// It has not left this process: it had no effect.
    case notSent
    /// The server has refused it: it had no effect (a script may have had some before it failed).
    case refused
    /// It was sent, and may have been executed.
    case unknown
  }

  package var code: Code
  package var outcome: Outcome
  /// The server's words, or ours.
  package var message: String

  package init(_ code: Code, _ outcome: Outcome, _ message: String) {
    self.code = code
    self.outcome = outcome
    self.message = message
  }

  /// An error reply: its first word is its code.
  init(reply: String) {
    let word = reply.prefix { $0 != " " }
    let code: Code =
      switch word {
      case "WRONGTYPE": .wrongType
      case "NOSCRIPT": .noScript
      case "LOADING": .loading
      case "READONLY": .readOnly
      case "MOVED", "ASK": .moved
      case "BUSY": .busy
      case "TRYAGAIN", "MASTERDOWN", "CLUSTERDOWN": .tryAgain
      case "OOM": .outOfMemory
      case "BUSYGROUP": .busyGroup
      case "NOGROUP": .noGroup
      case "NOAUTH", "WRONGPASS": .notAuthenticated
      case "NOPERM": .notPermitted
      case "EXECABORT": .executionAborted
      default: .refused
      }
    self.init(code, .refused, reply)
  }

  /// Whether the same command may succeed if it is sent again. Where the outcome is unknown it may then be executed
  /// twice.
  package var isRetriable: Bool {
    switch code {
    case .loading, .readOnly, .busy, .tryAgain, .notConnected, .connectionLost, .timedOut, .overloaded: true
    case .wrongType, .noScript, .moved, .outOfMemory, .busyGroup, .noGroup, .notAuthenticated, .notPermitted,
      .untrusted,
      .executionAborted, .refused, .closed, .malformedReply, .unexpectedReply:
      false
    }
  }

  package var description: String { "Redis: \(message)" }
}
