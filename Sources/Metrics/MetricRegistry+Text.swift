import Synchronization

extension MetricRegistry {
  /// All metrics as text. Any thread.
  package func text(_ format: ExpositionFormat = .prometheus) -> [UInt8] {
    // What is asked of others is asked without the lock: they may be counting just now.
    let families = state.withLock { state in state.order.compactMap { state.families[$0] } }
    var collected: [String: [(labels: [String], value: Int64)]] = [:]
    for family in families {
      guard let collect = state.withLock({ _ in family.collect }) else { continue }
      var samples: [(labels: [String], value: Int64)] = []
      collect { samples.append(($0, $1)) }
      collected[family.description.name] = samples
    }
    var writer = ExpositionWriter(format)
    state.withLock { _ in
      for family in families { writer.write(family, collected[family.description.name] ?? []) }
    }
    return writer.finish()
  }

  /// The names of all families, in the order of their registration.
  package var names: [String] { state.withLock { $0.order } }
}
