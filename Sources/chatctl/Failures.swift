import ChatKit
import Commands
import HTTP
import Kafka
import Load
import Networking
import Postgres
import Redis

/// What errors of the library mean for whoever ran a command.
enum Failures {
  static func meaning(_ error: any Error) -> CommandFailure? {
    switch error {
    case let error as MigrationError:
      CommandFailure(
        error.isRetriable ? .busy : .no, "\(error)",
        hint: error.code == .failed ? "'chatctl migrate doctor' says which repair applies." : nil)
    case let error as ManifestError: meaning(error)
    case let error as EmbeddedError: CommandFailure(ExitCode(rawValue: error.exitCode), "\(error)")
    case let error as KeyError: CommandFailure(error.isRetriable ? .busy : .no, "\(error)")
    case let error as Secrets.Failure: CommandFailure(.invalidInput, "\(error)")
    case let error as LagError: meaning(error)
    case let error as TopicError: CommandFailure(.no, error.description)
    case let error as LoadFailure: CommandFailure(.unavailable, "\(error)")
    case let error as PostgresError: meaning(error)
    case let error as RedisError:
      CommandFailure(.unavailable, "Redis: \(error)", hint: "Is it running, and is --redis right?")
    case let error as KafkaError:
      CommandFailure(.unavailable, "Kafka: \(error)", hint: "Is it running, and is --kafka right?")
    case let error as BusError: CommandFailure(.unavailable, "\(error)")
    case let error as NetworkError:
      CommandFailure(.unavailable, "\(error)", hint: "Is chatd running, and is --url right?")
    case let error as HTTPError: CommandFailure(.unavailable, "\(error)")
    case let error as ChatError: meaning(error)
    default: nil
    }
  }

  private static func meaning(_ error: LagError) -> CommandFailure {
    switch error.code {
    case .groupIsActive:
      CommandFailure(.busy, error.description, hint: "Stop its members first; then their place can be changed.")
    case .invalidPosition: CommandFailure(.usage, error.description)
    case .noSuchTopic, .noSuchPartition, .noSuchGroup, .refused: CommandFailure(.no, error.description)
    }
  }

  private static func meaning(_ error: PostgresError) -> CommandFailure {
    switch error.code {
    case .configuration:
      return CommandFailure(.usage, "\(error)", hint: "A connection string is like postgresql://user@host/database.")
    case .server:
      // undefined_table, undefined_function, undefined_column: a schema of another version.
      if let state = error.sqlState, ["42P01", "42883", "42703"].contains(state) {
        return CommandFailure(.no, "\(error)", hint: "Are migrations pending? 'chatctl migrate status' says so.")
      }
      if error.sqlState == "42501" { return CommandFailure(.notPermitted, "\(error)") }
      return CommandFailure(error.isRetriable ? .busy : .no, "\(error)")
    case .acquireTimeout where error.cause != nil:
      // Not that all connections were out: there was none to be had.
      return CommandFailure(
        .unavailable, "\(error)\(error.cause.map { ": \($0)" } ?? "")",
        hint: "Is it running, and is --postgres right?")
    case .timeout, .acquireTimeout, .overloaded: return CommandFailure(.busy, "\(error)")
    default:
      return CommandFailure(.unavailable, "\(error)", hint: "Is it running, and is --postgres right?")
    }
  }

  private static func meaning(_ error: ManifestError) -> CommandFailure {
    switch error.code {
    case .locked: CommandFailure(.busy, "\(error)")
    case .invalid: CommandFailure(.invalidInput, "\(error)")
    case .noSuch, .refused, .moved: CommandFailure(.no, "\(error)")
    }
  }

  private static func meaning(_ error: ChatError) -> CommandFailure {
    switch error.code {
    case .unavailable: CommandFailure(.unavailable, "\(error.message)")
    case .forbidden: CommandFailure(.notPermitted, "\(error.message)")
    default: CommandFailure(.no, "\(error.message)")
    }
  }
}
