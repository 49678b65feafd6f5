import ChatKit
import Commands
import Curl
import Logging
import Metrics
import Networking
import Primitives

extension Shard {
  /// Throws `ConfigurationError` where the secret is missing or cannot be read.
  static func filter(
    _ parts: Application.Parts, _ policies: WorkspacePolicies, loop: EventLoop, log: Log
  ) throws -> (MessageFilter, CurlClient?) {
    let options = parts.options.filter
    guard let url = options.url, parts.options.role.takesMessages else {
      return (MessageFilter(policies: policies, loop: loop, words: parts.words), nil)
    }
    guard let secret = try options.secret.read() else {
      throw ConfigurationError(.invalidInput, "filter.url is set: filter.secretFile must name a file with a secret")
    }
    var configuration = CurlConfiguration()
    configuration.addresses = options.allowsPrivate ? .any : .publicOnly
    configuration.authorities = options.authorities
    let client = CurlClient(configuration: configuration, loop: loop)
    var settings = FilterWebhook.Settings(url: url, secret: Array(secret.utf8))
    settings.timeout = options.timeout
    settings.body = parts.options.messages.maxBody.bytes
    let webhook = FilterWebhook(client: client, loop: loop, settings: settings)
    webhook.report = {
      log.warning("the filter does not answer; messages pass without it", ["error": .string($0)])
    }
    return (MessageFilter(policies: policies, loop: loop, words: parts.words, webhook: webhook), client)
  }
}

extension Options.Role {
  /// Over HTTP or over a socket.
  fileprivate var takesMessages: Bool { servesAPI || servesSockets }
}

extension ShardMetrics {
  func watch(_ filter: MessageFilter) {
    let verdicts = owner.counter(
      "chatd_filter_verdicts_total", "Bodies that a filter was asked about, by filter and by what it said.",
      labels: ["filter", "verdict"])
    let words = ["allowed", "refused", "masked"].map { verdicts.with("words", $0) }
    let webhook = ["allowed", "refused", "masked", "late", "failed", "skipped"].map { verdicts.with("webhook", $0) }
    onSample { [unowned filter] in
      let counters = filter.counters
      for (cell, total) in zip(words, [counters.allowed, counters.refused, counters.masked]) { cell.set(total: total) }
      guard let asked = filter.webhook?.counters else { return }
      let totals = [asked.allowed, asked.refused, asked.masked, asked.late, asked.failed, asked.skipped]
      for (cell, total) in zip(webhook, totals) { cell.set(total: total) }
    }
  }
}
