import CLinux

/// Counts and times what a run does. On its loop's thread only.
///
/// Latencies are from the time at which an operation was due, not from when it was begun: what waited behind a slow server, or
/// a slow generator, has waited ("coordinated omission" is corrected for).
struct Recorder {
  struct Operation {
    var count = 0
    var errors = 0
    var latencies = LatencyHistogram()
  }

  private(set) var operations: [OperationKind: Operation] = [:]
  private(set) var deliveries = LatencyHistogram()
  private(set) var resumed = 0
  var connects = LatencyHistogram()
  var connectErrors = 0
  private(set) var lateness = LatencyHistogram()
  /// How often what went wrong, by operation and reason.
  private(set) var errors: [String: Int] = [:]
  private(set) var timeline = Timeline()

  // Of this interval.
  private var point = Timeline.Point()
  private var sends = LatencyHistogram()
  private var delivered = LatencyHistogram()
  private var lastCPU = clinux_cpu_ns()
  private var lastTime: UInt64 = 0

  private static let errorKinds = 100

  /// - Parameter counts: whether it is of the time that counts.
  mutating func due(late: UInt64, counts: Bool) {
    point.lateness = max(point.lateness, Double(late) / 1e9)
    if counts { lateness.record(late) }
  }

  mutating func finished(_ kind: OperationKind, _ latency: UInt64, counts: Bool) {
    point.answered += 1
    if kind == .send {
      point.sends += 1
      sends.record(latency)
    }
    guard counts else { return }
    operations[kind, default: Operation()].count += 1
    operations[kind]?.latencies.record(latency)
  }

  mutating func failed(_ kind: OperationKind, _ reason: String, counts: Bool) {
    point.errors += 1
    note("\(kind): \(reason)")
    guard counts else { return }
    operations[kind, default: Operation()].count += 1
    operations[kind]?.errors += 1
  }

  mutating func note(_ error: String) {
    let key = errors[error] != nil || errors.count < Self.errorKinds ? error : "others"
    errors[key, default: 0] += 1
  }

  mutating func delivered(_ latency: UInt64, counts: Bool) {
    point.deliveries += 1
    delivered.record(latency)
    if counts { deliveries.record(latency) }
  }

  /// By a resume: it was late because its receiver was away.
  mutating func deliveredByResume() {
    point.deliveries += 1
    resumed += 1
  }

  /// Ends an interval.
  /// - Parameters:
  ///   - time: nanoseconds since the beginning.
  ///   - rate: operations a second that are intended now.
  mutating func tick(_ time: UInt64, rate: Double, sockets: Int, outstanding: Int) {
    let seconds = Double(time &- lastTime) / 1e9
    guard seconds > 0 else { return }
    let cpu = clinux_cpu_ns()
    point.time = Double(time) / 1e9
    point.intended = rate
    for path in [\Timeline.Point.answered, \.sends, \.deliveries, \.errors] { point[keyPath: path] /= seconds }
    point.sendP50 = Double(sends.percentile(0.5)) / 1e9
    point.sendP99 = Double(sends.percentile(0.99)) / 1e9
    point.deliveryP50 = Double(delivered.percentile(0.5)) / 1e9
    point.deliveryP99 = Double(delivered.percentile(0.99)) / 1e9
    point.deliveryMax = Double(delivered.maximum) / 1e9
    point.cpu = Double(cpu &- lastCPU) / 1e9 / seconds
    point.sockets = Double(sockets)
    point.outstanding = Double(outstanding)
    timeline.points.append(point)
    point = Timeline.Point()
    sends.clear()
    delivered.clear()
    lastCPU = cpu
    lastTime = time
  }
}
