import ChatKit
import Commands
import JSON
import Load
import Primitives

extension LoadCommands {
  private static let before = Argument("before", .file.named("BEFORE"), help: "The report of the earlier run (JSON).")
  private static let after = Argument("after", .file.named("AFTER"), help: "The report of the later run (JSON).")
  private static let tolerance = Option(
    "tolerance", .double(0...100), default: 0.1, help: "The share by which a figure may be worse: 0.1 is 10 %.")
  private static let floor = Option(
    "floor", .duration, default: .milliseconds(1), help: "A difference of latencies below this is none.")
  private static let metrics = Option(
    repeated: "metric", .string("NAME"), help: "Compare these, and not the usual ones.")

  static let compare = Command.operation(
    "compare", summary: "Compare two runs",
    discussion: """
      Rates, shares of errors, medians, p95 and p99, and what was lost; of what is better or worse by more than the tolerance \
      it says so. Latencies repeat only on a machine that does nothing else.
      """,
    examples: [Example("chatctl load compare before.json after.json --tolerance 0.2", "1 when something is worse")],
    options: [tolerance, floor, metrics], arguments: [before, after],
    exitCodes: [
      .init(.done, "nothing is worse"), .init(.no, "something is worse"), .init(.usage),
      .init(.invalidInput, "a file is no report"),
    ],
    records: RecordSchema(
      "metric",
      [
        .init("metric", "The figure"), .init("before", .number, "In seconds, a number, or a share of 1"),
        .init("after", .number, "The same of the later run"),
        .init("change", .number, "As a share of what it was; nothing where it was 0"),
        .init("verdict", "same, better, worse, or changed"),
      ])
  ) { session in
    for name in session[metrics] where MetricName.find(name) == nil {
      let near = MetricName.suggestion(for: name).map { "; did you mean '\($0)'?" } ?? ""
      throw UsageError(.invalidValue, "--metric: there is no metric '\(name)'\(near)")
    }
    let old = try side(session[before])
    let new = try side(session[after])
    if old.scenario != new.scenario {
      session.talk("load: these are different scenarios: \(old.scenario) and \(new.scenario)")
    }
    for (side, name) in [(old, "earlier"), (new, "later")] {
      if let bottleneck = side.bottleneck {
        session.talk("load: the generator of the \(name) run was the bottleneck: \(bottleneck)")
      }
    }
    let comparison = LoadComparison(
      old, new, metrics: session[metrics].isEmpty ? nil : session[metrics], tolerance: session[tolerance],
      floor: session[floor].inSeconds)
    let writer = try session.records()
    let isForPeople = [.table, .wide].contains(session[CommonOptions.output])
    for line in comparison.lines {
      func value(_ number: Double) -> RecordValue {
        isForPeople ? .string(Figures.text(number, line.metric.kind)) : .number(number)
      }
      let change: RecordValue =
        isForPeople
        ? line.change.map { .string("\($0 > 0 ? "+" : "")\(Figures.digits($0 * 100)) %") } ?? .null
        : RecordValue(line.change)
      try writer.add([
        .string(line.metric.name), value(line.before), value(line.after), change, .string(line.judgement.rawValue),
      ])
    }
    try writer.finish()
    return comparison.isWorse ? .no : .done
  }

  private static func side(_ path: String) throws -> LoadComparison.Side {
    let bytes = try FileBytes.read(path, limit: 256 << 20, what: "the report")
    do {
      return try LoadComparison.Side(JSONDocument(parsing: bytes, limits: JSONLimits(maximumBytes: 256 << 20)).root)
    } catch {
      throw CommandFailure(.invalidInput, "\(path): \(error)")
    }
  }
}
