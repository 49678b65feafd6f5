import Glibc

/// Why the embedded servers could not be started, or have ended: one line that says what to do.
package struct EmbeddedError: Error, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// Another process holds the folder.
    case inUse
    /// PostgreSQL or Redis is not installed.
    case missingPackage
    /// The folder cannot be made, written or reached by the servers' account.
    case notPermitted
    case diskFull
    /// The data was written by a PostgreSQL that is not installed.
    case wrongVersion
    /// A server did not become ready, or has ended.
    case serverFailed
    /// Nothing runs in the folder.
    case notRunning
    case system
  }

  package var code: Code
  /// One line.
  package var message: String
  /// The last lines of the server's log, where there is one.
  package var log: String

  package init(_ code: Code, _ message: String, log: String = "") {
    self.code = code
    self.message = message
    self.log = log
  }

  init(errno error: Int32, _ operation: String) {
    let code: Code =
      switch error {
      case EACCES, EPERM, EROFS: .notPermitted
      case ENOSPC, EDQUOT: .diskFull
      default: .system
      }
    self.init(code, "cannot \(operation): \(String(cString: strerror(error)))")
  }

  package var description: String { log.isEmpty ? message : "\(message)\n\(log)" }

  /// The exit code of a program that ends because of it (sysexits.h): 75 where trying again helps.
  package var exitCode: Int32 {
    switch code {
    case .inUse: 75
    case .notPermitted: 77
    case .missingPackage, .diskFull, .wrongVersion, .serverFailed, .notRunning, .system: 69
    }
  }
}
