package import Curl
import JSON
package import Networking
import Primitives

/// Asks a server of the operator's what is to become of a message: a signed POST, answered in time or passed over.
///
/// The request is `{"kind", "message": {…}}`, signed as webhooks are. The answer is 200 with `{"action": "allow"}`,
/// `{"action": "refuse", "reason"?}` or `{"action": "mask", "body"}`. Whatever else comes, comes too late or does not come at
/// all, lets the message pass as it is, and is counted. A server that fails several times in a row is left alone for a
/// moment, so that senders do not wait for it with every message. One a loop.
package final class FilterWebhook: @unchecked Sendable {
  package struct Settings: Sendable {
    package var url: String
    /// Of the signature.
    package var secret: [UInt8]
    /// For the whole of a request.
    package var timeout = Duration.seconds(1)
    /// Bytes of a body that it gives.
    package var body = 16 << 10
    /// Questions at a time.
    package var concurrency = 64

    package init(url: String, secret: [UInt8]) {
      self.url = url
      self.secret = secret
    }
  }

  package struct Counters: Sendable {
    package var allowed = 0
    package var refused = 0
    package var masked = 0
    /// Not answered in time.
    package var late = 0
    /// Not reached, or answered with something else.
    package var failed = 0
    /// Not asked: too many questions were under way, or it had failed too often.
    package var skipped = 0
  }

  package enum Verdict: Equatable, Sendable {
    case allowed
    case refused(reason: String?)
    case masked(String)
  }

  /// Failures in a row after which it is left alone, and for how long.
  private static let tolerance = 5
  private static let pause = Duration.seconds(2)
  private static let reasonLimit = 200

  private let client: CurlClient
  private let loop: EventLoop
  private let settings: Settings
  private var failures = 0
  private var pausedUntil: UInt64 = 0
  private var asking = 0
  package private(set) var counters = Counters()
  /// Told of the first of several failures in a row.
  package var report: (String) -> Void = { _ in }

  package init(client: CurlClient, loop: EventLoop, settings: Settings) {
    self.client = client
    self.loop = loop
    self.settings = settings
  }

  /// What the server says of it; nil where it says nothing in time.
  func verdict(on subject: MessageFilter.Subject) async -> Verdict? {
    guard asking < settings.concurrency, loop.now >= pausedUntil else {
      counters.skipped += 1
      return nil
    }
    asking += 1
    defer { asking -= 1 }
    let body = Self.body(subject)
    var request = CurlRequest(
      "POST", settings.url,
      headers: [(name: "content-type", value: "application/json")]
        + WebhookSignature.headers(id: UUID.v7(), at: .now(), body: body, secret: settings.secret), body: body)
    request.timeout = settings.timeout
    request.connectTimeout = settings.timeout
    // Any byte of it may be written as six.
    request.maxBody = settings.body * 6 + 4096
    let response: CurlResponse
    do throws(CurlError) {
      response = try await client.send(request)
    } catch {
      if error.code == .timedOut { counters.late += 1 } else { counters.failed += 1 }
      failed(error.reason)
      return nil
    }
    guard response.status == 200, let verdict = verdict(response.body, on: subject) else {
      counters.failed += 1
      failed("it answered \(response.status) with something else than a verdict")
      return nil
    }
    failures = 0
    switch verdict {
    case .allowed: counters.allowed += 1
    case .refused: counters.refused += 1
    case .masked: counters.masked += 1
    }
    return verdict
  }

  private func failed(_ reason: String) {
    failures += 1
    if failures == 1 { report(reason) }
    guard failures >= Self.tolerance else { return }
    pausedUntil = loop.now &+ Self.pause.nanoseconds
  }

  private static func body(_ subject: MessageFilter.Subject) -> [UInt8] {
    var json = JSONWriter(reserving: 512)
    json.beginObject()
    json.field("kind", subject.isEdit ? "edit" : "send")
    json.key("message")
    json.beginObject()
    json.field("id", subject.id)
    if let workspace = subject.workspaceId { json.field("workspaceId", workspace) }
    json.field("conversationId", subject.conversationId)
    json.field("senderId", subject.senderId)
    if let name = subject.senderName { json.field("senderName", name) }
    json.field("type", subject.type.rawValue)
    json.field("body", subject.body)
    json.endObject()
    json.endObject()
    return json.bytes
  }

  /// Nil for what is none.
  private func verdict(_ body: [UInt8], on subject: MessageFilter.Subject) -> Verdict? {
    guard let answer = (try? JSONDocument(parsing: body))?.root else { return nil }
    switch answer["action"]?.string {
    case "allow": return .allowed
    case "refuse": return .refused(reason: answer["reason"]?.string.flatMap(Self.clean))
    case "mask":
      guard let masked = answer["body"]?.string, masked.utf8.count <= settings.body, !masked.utf8.contains(0),
        !masked.isEmpty || subject.type == .image || subject.type == .file
      else { return nil }
      return .masked(masked)
    default: return nil
    }
  }

  /// A reason as a sender may be shown it: one line, and not a long one.
  private static func clean(_ reason: String) -> String? {
    var text = ""
    text.unicodeScalars.append(
      contentsOf: reason.unicodeScalars.lazy.filter { $0.properties.generalCategory != .control }.prefix(reasonLimit))
    return text.isEmpty ? nil : text
  }
}
