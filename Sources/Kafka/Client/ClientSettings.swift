import CKafka

/// Owns a librdkafka configuration until a client takes it over.
struct ClientSettings: ~Copyable {
  private let pointer: OpaquePointer

  /// Throws `KafkaError` for a setting that librdkafka refuses.
  init(_ settings: [(String, String)], events: Int32) throws(KafkaError) {
    guard let pointer = rd_kafka_conf_new() else { throw KafkaError(invalid: "out of memory") }
    var text = [CChar](repeating: 0, count: 512)
    for (name, value) in settings
    where rd_kafka_conf_set(pointer, name, value, &text, text.count) != RD_KAFKA_CONF_OK {
      rd_kafka_conf_destroy(pointer)
      throw KafkaError(invalid: CText.string(text))
    }
    rd_kafka_conf_set_events(pointer, events | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG)
    self.pointer = pointer
  }

  deinit { rd_kafka_conf_destroy(pointer) }

  consuming func makeClient(_ type: rd_kafka_type_t) throws(KafkaError) -> OpaquePointer {
    let pointer = pointer
    discard self
    var text = [CChar](repeating: 0, count: 512)
    guard let client = rd_kafka_new(type, pointer, &text, text.count) else {
      // Only when it succeeds does the client own the configuration.
      rd_kafka_conf_destroy(pointer)
      throw KafkaError(invalid: CText.string(text))
    }
    return client
  }
}

/// Text that C writes into a buffer of ours.
enum CText {
  static func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func string(_ text: UnsafePointer<CChar>?) -> String { text.map { String(cString: $0) } ?? "" }
}
