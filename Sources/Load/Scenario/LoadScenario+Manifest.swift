package import ChatKit
import YAML

extension LoadScenario {
  /// For who reads manifests: what `load run` would refuse is refused there, at the same place.
  package static let document = ManifestDocument(kind, fields: fields) { root in
    do throws(YAMLError) {
      _ = try YAMLDecoder().decode(LoadScenarioFile.self, from: root)
      return []
    } catch {
      return [error]
    }
  }

  /// The keys of `spec`, for `explain`: those that `LoadScenarioFile` reads.
  package static let fields: [ManifestField] = [
    field("users", "number", required: true, "How many; each has one socket."),
    field(
      "rooms", "list of objects", required: true, "Rooms, by their size. Users are spread evenly.",
      [
        field("count", "number", required: true, "How many of this size."),
        field("members", "number", required: true, "How many are in each; not more than there are users."),
        field("weight", "number", "1", "How often one of them is chosen, against a room of 1."),
        field("encrypted", "true or false", "false", "Whether what is said in them is encrypted at rest."),
      ]),
    field("connectRate", "number", "200", "Sockets opened in a second before the load begins."),
    field(
      "arrivals", "poisson | uniform", "poisson", "How operations are spaced: as independent people come, or evenly."),
    field(
      "stages", "list of objects", required: true,
      "The curve of operations a second, piece by piece. Each is due at its time, whether earlier ones are answered or not.",
      [
        field("for", "duration", required: true, "How long it lasts."),
        field("rate", "number", "none", "A second, all the time; in place of from and to."),
        field("from", "number", "where the stage before has ended", "A second, at its beginning."),
        field("to", "number", "none", "A second, at its end."),
      ]),
    field("warmUp", "duration", "0s", "So long nothing counts for latencies and rates; it is verified all the same."),
    field(
      "mix", "object", "send: 1", "Shares of the operations.",
      OperationKind.allCases.map { field($0.rawValue, "number", "0", $0.help) }),
    field(
      "sizes", "list of objects", "60 bytes", "Bodies of messages.",
      [
        field("bytes", "size", required: true, "1 byte to 16KiB."),
        field("weight", "number", "1", "How often it is chosen, against one of 1."),
      ]),
    field(
      "send", "object", "by HTTP", "How messages are sent.",
      [
        field("via", "http | socket", "http", "By the API, or by the sender's socket."),
        field("connections", "number", "64", "HTTP connections at most; what finds none free waits, and that counts."),
        field("timeout", "duration", "30s", "How long an answer may take."),
      ]),
    field(
      "away", "object", "500ms to 3s", "How long a socket that was cut stays away.",
      [
        field("from", "duration", required: true, "At least."), field("to", "duration", required: true, "At most."),
      ]),
    field("drain", "duration", "30s", "How long the last deliveries are waited for."),
    field(
      "thresholds", "list of texts", invariants.joined(separator: ", "),
      "What must come of it: METRIC RELATION VALUE, as 'delivery.p99 < 100ms'. docs/chatctl/load.md has the metrics."),
    field("seed", "number", "1", "The same seed makes the same choices at the same times."),
  ]

  private static func field(
    _ name: String, _ type: String, _ defaultText: String = "", required isRequired: Bool = false, _ help: String,
    _ fields: [ManifestField] = []
  ) -> ManifestField {
    ManifestField(
      name: name, type: type, isRequired: isRequired, defaultText: defaultText, help: help, fields: fields)
  }
}

extension OperationKind {
  /// For `explain`.
  fileprivate var help: String {
    switch self {
    case .send: "A message."
    case .history: "A page of a room's history, over HTTP."
    case .inbox: "The list of rooms, over HTTP."
    case .markRead: "Says that a room is read up to what has come, over the socket."
    case .typing: "Says that somebody types, over the socket."
    case .reconnect: "A socket that is cut, comes back after a while, and joins its rooms where it left them."
    }
  }
}
