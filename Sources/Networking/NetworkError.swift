import CLinux
import Glibc

/// What went wrong with a socket, and whether trying again can help.
package struct NetworkError: Error, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case addressInUse, notPermitted, refused, timedOut, closed, resolution, system, overloaded
    /// TLS: the other side cannot be believed, or not be understood.
    case untrusted
  }

  package var code: Code
  /// What was attempted: "listen on 0.0.0.0:8080", "connect to 127.0.0.1:5432".
  package var operation: String
  package var reason: String

  package init(_ code: Code, _ operation: String, reason: String) {
    self.code = code
    self.operation = operation
    self.reason = reason
  }

  init(errno error: Int32, _ operation: String) {
    let code: Code =
      switch error {
      case EADDRINUSE: .addressInUse
      case EACCES, EPERM: .notPermitted
      case ECONNREFUSED, ENOENT: .refused
      case ETIMEDOUT: .timedOut
      case ECONNRESET, EPIPE: .closed
      // A Unix socket whose backlog is full says so, where TCP would wait.
      case EAGAIN: .overloaded
      default: .system
      }
    self.init(code, operation, reason: String(cString: strerror(error)))
  }

  package var isRetriable: Bool {
    switch code {
    case .refused, .timedOut, .closed, .resolution, .overloaded: true
    case .addressInUse, .notPermitted, .system, .untrusted: false
    }
  }

  package var description: String { "cannot \(operation): \(reason)" }
}
