import ChatKit
import Commands
import Postgres

/// What errors of the library mean for whoever ran a command.
enum Failures {
  static func meaning(_ error: any Error) -> CommandFailure? {
    switch error {
    case let error as MigrationError:
      return CommandFailure(error.isRetriable ? .busy : .no, "\(error)")
    case let error as PostgresError:
      switch error.code {
      case .configuration:
        return CommandFailure(
          .usage, "\(error)", hint: "A connection string is like postgresql://user@host/database.")
      default:
        return CommandFailure(
          .unavailable, "\(error)", hint: "Is it running, and is --postgres right?")
      }
    default: return nil
    }
  }
}
