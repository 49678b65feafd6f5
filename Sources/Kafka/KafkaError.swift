import CKafka

/// What went wrong with Kafka, and whether trying again can help.
package struct KafkaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// librdkafka's name of it: `_TRANSPORT`, `UNKNOWN_TOPIC_OR_PART`; those with an underscore are the client's own.
  package let name: String
  package let code: Int32
  package let reason: String
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

  /// A setting that librdkafka refuses, or a client that cannot be made.
  init(configuration reason: String) { self.init(RD_KAFKA_RESP_ERR__INVALID_ARG, reason, isRetriable: false) }

  /// Takes an error object over and destroys it; nil stands for success.
  init?(taking error: OpaquePointer?) {
    guard let error else { return nil }
    defer { rd_kafka_error_destroy(error) }
    self.init(
      rd_kafka_error_code(error), rd_kafka_error_string(error).map { String(cString: $0) },
      isRetriable: rd_kafka_error_is_retriable(error) != 0, isFatal: rd_kafka_error_is_fatal(error) != 0)
  }

  private static let retriable: Set<Int32> = Set(
    [
      RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
      RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__RESOLVE,
      RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR__NO_OFFSET,
      RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
      RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
      RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST,
    ].map(\.rawValue))

  package var description: String { "\(name): \(reason)" }
}
