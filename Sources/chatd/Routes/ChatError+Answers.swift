import ChatKit
import HTTP
import JSON
import Logging
import Networking
import Postgres
import Redis

extension ChatError {
  /// The status whose meaning fits (RFC 9110).
  var status: HTTPStatus {
    switch code {
    case .invalidRequest: .badRequest
    case .unauthenticated: .unauthorized
    case .forbidden, .accountDisabled, .blocked, .readOnly, .registrationClosed: .forbidden
    case .notFound: .notFound
    case .conflict, .busy, .conversationArchived, .conversationEncrypted, .limitReached: .conflict
    case .preconditionFailed: .preconditionFailed
    case .tooLarge: .contentTooLarge
    case .idempotencyKeyReused, .contentRefused: .unprocessableContent
    case .tooManyAttempts, .rateLimited, .slowMode: .tooManyRequests
    case .internal, .decryptionFailed: .internalServerError
    case .overloaded, .unavailable, .outcomeUnknown, .keyUnavailable: .serviceUnavailable
    }
  }

  /// What went wrong below the services, as a caller may see it. What is our fault is logged, not shown.
  /// - Parameter log: made only if there is something to say.
  init(mapping error: any Error, log: @autoclosure () -> Log) {
    switch error {
    case let error as ChatError: self = error
    case let error as LimitRefusal: self = error.error
    case let error as PostgresError where error.outcome == .unknown:
      self = ChatError(
        .outcomeUnknown, "The store went away in the middle of it: it may or may not have been done.", retryAfter: 1)
    case let error as PostgresError where error.isRetriable:
      self = ChatError(.unavailable, "The store is not available; try again.", retryAfter: 1)
    case let error as RedisError where error.isRetriable:
      self = ChatError(.unavailable, "A backend is not available; try again.", retryAfter: 1)
    case let error as ObjectStoreError:
      log().error("the store of attachments fails", ["error": .describing(error)])
      self = ChatError(.unavailable, "The store of files is not available; try again.", retryAfter: 5)
    case let error as NetworkError where error.code == .overloaded:
      self = ChatError(.overloaded, "The server is busy; try again.", retryAfter: 2)
    default:
      log().error("a request failed by our fault", ["error": .reflecting(error)])
      self = ChatError(.internal, "Something went wrong on our side.")
    }
  }

  /// `{"code", "message", "field"?, "retryAfter"?}`, as acks bear it.
  func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("code", code.rawValue)
    json.field("message", message)
    if let field { json.field("field", field) }
    if let retryAfter { json.field("retryAfter", retryAfter) }
    json.endObject()
  }

  var problem: Problem {
    var problem = Problem(status, code: code.rawValue, detail: message)
    if let field { problem.fields.append(("field", .string(field))) }
    if let retryAfter { problem.headers.set("Retry-After", String(retryAfter)) }
    if code == .unauthenticated { problem.headers.set("WWW-Authenticate", "Bearer") }
    return problem
  }
}

extension MessageWriter.Outcome {
  var message: Message {
    switch self {
    case .stored(let message), .replayed(let message): message
    }
  }

  var isReplayed: Bool {
    if case .replayed = self { true } else { false }
  }
}
