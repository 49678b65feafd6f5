import CKafka

/// What has settings.
package enum KafkaResource: Hashable, Sendable {
  case topic(String)
  case broker(Int32)
}

/// A setting as it is in force.
package struct KafkaSetting: Sendable, Equatable {
  package var name: String
  /// Nil when it is sensitive, or has none.
  package var value: String?
  /// Set on this very resource, and not inherited or a default.
  package var isOwn: Bool
  package var isReadOnly: Bool
  package var isSensitive: Bool
}

/// What an alteration does to a setting. Nil stands for what is inherited.
package struct KafkaSettingChange: Sendable, Equatable {
  package var name: String
  package var from: String?
  package var to: String?
}

extension KafkaAdmin {
  /// All settings in force, by name.
  package func describeConfigs(_ resource: KafkaResource) async throws(KafkaError) -> [String: KafkaSetting] {
    var list: [OpaquePointer?] = [Self.pointer(resource)]
    defer { rd_kafka_ConfigResource_destroy_array(&list, list.count) }
    return try await request(RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS) { client, options, queue in
      rd_kafka_DescribeConfigs(client, &list, list.count, options, queue)
    } _: { event throws(KafkaError) in
      var count = 0
      let resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
      guard count > 0, let resource = resources?[0] else { return [:] }
      try Self.check(resource)
      let entries = rd_kafka_ConfigResource_configs(resource, &count)
      var settings: [String: KafkaSetting] = [:]
      for index in 0..<count {
        guard let entry = entries?[index] else { continue }
        let name = CText.string(rd_kafka_ConfigEntry_name(entry))
        let source = rd_kafka_ConfigEntry_source(entry)
        settings[name] = KafkaSetting(
          name: name, value: rd_kafka_ConfigEntry_value(entry).map { String(cString: $0) },
          isOwn: source == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG
            || source == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_BROKER_CONFIG,
          isReadOnly: rd_kafka_ConfigEntry_is_read_only(entry) == 1,
          isSensitive: rd_kafka_ConfigEntry_is_sensitive(entry) == 1)
      }
      return settings
    }
  }

  /// What `alterConfigs` would change.
  package func planConfigs(
    _ resource: KafkaResource, _ changes: [String: String?]
  ) async throws(KafkaError) -> [KafkaSettingChange] {
    Self.changes(try await describeConfigs(resource), changes)
  }

  /// Changes the settings that are named, nil takes back to what is inherited, and leaves the others as they are.
  ///
  /// Kafka's request resets every setting that it does not name, so what the resource has of its own goes along. Between
  /// the reading and the writing somebody else's change can be lost. Returns what was changed; nothing is sent when that
  /// is nothing.
  @discardableResult
  package func alterConfigs(
    _ resource: KafkaResource, _ changes: [String: String?], validatesOnly: Bool = false
  ) async throws(KafkaError) -> [KafkaSettingChange] {
    let current = try await describeConfigs(resource)
    let plan = Self.changes(current, changes)
    guard !plan.isEmpty else { return [] }
    var wanted: [String: String] = [:]
    for setting in current.values where setting.isOwn && changes[setting.name] == nil {
      guard let value = setting.value else {
        throw KafkaError(invalid: "\(setting.name) is set and cannot be read: name it too, or it would be lost")
      }
      wanted[setting.name] = value
    }
    for (name, value) in changes { wanted[name] = value }
    let target = Self.pointer(resource)
    var list: [OpaquePointer?] = [target]
    defer { rd_kafka_ConfigResource_destroy_array(&list, list.count) }
    for (name, value) in wanted { rd_kafka_ConfigResource_set_config(target, name, value) }
    try await request(RD_KAFKA_ADMIN_OP_ALTERCONFIGS, validatesOnly: validatesOnly) { client, options, queue in
      rd_kafka_AlterConfigs(client, &list, list.count, options, queue)
    } _: { event throws(KafkaError) in
      var count = 0
      let resources = rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event), &count)
      if count > 0, let resource = resources?[0] { try Self.check(resource) }
    }
    return plan
  }

  private static func changes(
    _ current: [String: KafkaSetting], _ changes: [String: String?]
  ) -> [KafkaSettingChange] {
    changes.sorted { $0.key < $1.key }.compactMap { name, value in
      let setting = current[name]
      let own = setting?.isOwn == true ? setting?.value : nil
      // Setting what is inherited anyway is a change too: it no longer follows its origin.
      return own == value ? nil : KafkaSettingChange(name: name, from: own, to: value)
    }
  }

  private static func pointer(_ resource: KafkaResource) -> OpaquePointer? {
    switch resource {
    case .topic(let name): rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name)
    case .broker(let id): rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, "\(id)")
    }
  }

  private static func check(_ resource: OpaquePointer) throws(KafkaError) {
    let error = KafkaError(
      failing: rd_kafka_ConfigResource_error(resource), rd_kafka_ConfigResource_error_string(resource))
    if let error { throw error }
  }
}
