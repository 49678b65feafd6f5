import CKafka

/// What went wrong with Kafka, and whether trying again can help.
package struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Kafka's error code; the client's own are negative (`rd_kafka_resp_err_t`).
  package let code: Int32
  /// librdkafka's name of it: `_TRANSPORT`, `UNKNOWN_TOPIC_OR_PART`; those with an underscore are the client's own.
  package let name: String
  package let reason: String
  /// The same request may succeed later, unchanged.
  package let isRetriable: Bool
  /// The client cannot go on; a new one must be made.
  package let isFatal: Bool

  init(_ code: rd_kafka_resp_err_t, _ reason: String? = nil, isRetriable: Bool? = nil, isFatal: Bool = false) {
    self.code = code.rawValue
    name = rd_kafka_err2name(code).map { String(cString: $0) } ?? "\(code.rawValue)"
    self.reason = reason ?? rd_kafka_err2str(code).map { String(cString: $0) } ?? name
    self.isRetriable = isRetriable ?? Self.retriable.contains(code.rawValue)
    self.isFatal = isFatal
  }

  /// Nil stands for success.
  init?(failing code: rd_kafka_resp_err_t, _ reason: UnsafePointer<CChar>? = nil) {
    guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    self.init(code, reason.map { String(cString: $0) })
  }

  /// A setting that librdkafka refuses, or a request that cannot be.
  init(invalid reason: String) { self.init(RD_KAFKA_RESP_ERR__INVALID_ARG, reason, isRetriable: false) }

  package static let closed = KafkaError(RD_KAFKA_RESP_ERR__DESTROY, "the client is closed", isRetriable: false)

  /// Reads an error object that somebody else owns; nil stands for success.
  init?(reading error: OpaquePointer?) {
    guard let error, rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
    let code = rd_kafka_error_code(error)
    self.init(
      code, rd_kafka_error_string(error).map { String(cString: $0) },
      isRetriable: rd_kafka_error_is_retriable(error) != 0 || Self.retriable.contains(code.rawValue),
      isFatal: rd_kafka_error_is_fatal(error) != 0)
  }

  /// Takes an error object over and destroys it; nil stands for success.
  init?(taking error: OpaquePointer?) {
    guard let error else { return nil }
    defer { rd_kafka_error_destroy(error) }
    self.init(reading: error)
  }

  private static let retriable: Set<Int32> = Set(
    [
      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__RESOLVE,
      RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
      RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
      RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
    ].map(\.rawValue))

  // MARK: Those that callers tell apart

  /// There is no such topic, or partition of it.
  package var isUnknownTopic: Bool {
    [
      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
    ].contains { $0.rawValue == code }
  }
  package var isTopicThere: Bool { code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS.rawValue }
  /// A broker is just taking over: the answer will come in a moment.
  var isTransitional: Bool {
    [
      RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
    ].contains { $0.rawValue == code }
  }
  /// The group has members, or this one is not among them.
  package var isGroupActive: Bool {
    code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP.rawValue || code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID.rawValue
  }
  package var isUnknownGroup: Bool { code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND.rawValue }

  package var description: String { "\(name): \(reason)" }
}
