import CLinux
import HTTP
import Logging
import Metrics
import Primitives

/// Gives each request its identifiers, and counts and logs its answer. One a shard, on its loop.
///
/// `X-Request-Id` is taken over from a client whose value is a proper one, and is otherwise the trace's identifier; the
/// answer bears it. `traceparent` continues somebody's trace, or a new one begins that nobody keeps.
final class RequestRecorder: RequestObserver {
  private struct Cells {
    let duration: Histogram
    /// By the first digit of the status.
    var classes: [Counter?] = Array(repeating: nil, count: 6)
  }

  private let log: Log
  /// The level of a line about each request.
  private let accessLevel: Log.Level
  private let durations: MetricVector<Histogram>
  private let requests: MetricVector<Counter>
  /// By the route's index; last the one of requests without a route.
  private var cells: [Cells?] = []
  private var traces = TraceSource()

  init(_ owner: MetricOwner, log: Log, accessLevel: Log.Level) {
    self.log = log
    self.accessLevel = accessLevel
    durations = owner.histogram(
      "chatd_http_request_duration_seconds", "From a request's arrival to its answer, by route.", .latency,
      labels: ["method", "route"])
    requests = owner.counter(
      "chatd_http_requests_total", "Requests that were answered, by route and class of the status.",
      labels: ["method", "route", "status"], limit: 1000)
  }

  func began(_ request: HTTPRequest, _ context: RequestContext) {
    let parent = request.headers.withValue(of: "traceparent") { TraceContext(utf8: $0) } ?? nil
    context.trace = traces.next(after: parent)
    let given: String? =
      request.headers.withValue(of: "x-request-id") {
        RequestContext.isIdentifier($0) ? String(decoding: $0, as: UTF8.self) : nil
      } ?? nil
    context.givenID = given
  }

  func answering(_ request: HTTPRequest, _ context: RequestContext, _ response: inout HTTPResponse) {
    withIdentifier(context) { response.headers.append("x-request-id", utf8: $0) }
    let end = clinux_monotonic_ns()
    count(request, context, response.status, end)
    if log.isEnabled(accessLevel) { logAccess(request, context, response, end) }
  }

  /// Without a String where the identifier is the trace's.
  private func withIdentifier(_ context: RequestContext, _ body: (UnsafeRawBufferPointer) -> Void) {
    if let given = context.givenID {
      var given = given
      return given.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
    guard let trace = context.trace else { return }
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { out in
      guard let base = out.baseAddress else { return }
      trace.writeTraceID(into: base)
      body(UnsafeRawBufferPointer(out))
    }
  }

  private func count(_ request: HTTPRequest, _ context: RequestContext, _ status: HTTPStatus, _ end: UInt64) {
    let index = context.routeIndex.map { $0 + 1 } ?? 0
    while cells.count <= index { cells.append(nil) }
    if cells[index] == nil { cells[index] = Cells(duration: durations.cell(labels(request, context))) }
    cells[index]?.duration.observe(from: context.started, to: end)
    let statusClass = min(Int(status.code / 100), 5)
    if let counter = cells[index]?.classes[statusClass] { return counter.add() }
    let counter = requests.cell(labels(request, context) + ["\(statusClass)xx"])
    cells[index]?.classes[statusClass] = counter
    counter.add()
  }

  private func labels(_ request: HTTPRequest, _ context: RequestContext) -> [String] {
    context.route.map { [$0.method.rawValue, $0.pattern] } ?? ["any", "none"]
  }

  /// The path without its query, which may hold what is nobody's business.
  private func logAccess(
    _ request: HTTPRequest, _ context: RequestContext, _ response: HTTPResponse, _ end: UInt64
  ) {
    log.write(
      accessLevel, "request answered",
      [
        "method": .string(request.method.rawValue), "route": .string(context.route?.pattern ?? "none"),
        "path": .string(request.path), "status": .count(response.status.code),
        "duration": .duration(nanoseconds: end &- context.started), "bytes": .count(response.bytes.count),
        "peer": .string(request.peer.map { "\($0)" } ?? "unix"), "request_id": .string(context.id),
        "trace_id": .string(context.trace?.traceID ?? ""),
      ])
  }
}

extension RequestContext {
  /// By what a request is found again.
  var logFields: Log.Fields {
    [
      "request_id": .string(id), "trace_id": .string(trace?.traceID ?? ""),
      "route": .string(route?.pattern ?? "none"),
    ]
  }
}
