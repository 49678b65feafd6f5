import ChatKit
import HTTP
import Kafka
import Networking
import Postgres
import Primitives
import Redis
import SocketIO

// What the settings mean to the parts of the program, each of which has a configuration of its own.

extension HTTPServerConfiguration {
  init(_ options: ServerOptions, port: UInt16) {
    let http = options.http
    self.init(address: options.address(port: port))
    backlog = Int32(http.backlog)
    maxConnections = http.maxConnections
    retryAfter = Int(http.retryAfter.components.seconds)
    idleTimeout = http.idleTimeout
    headTimeout = http.headTimeout
    bodyTimeout = http.bodyTimeout
    sendTimeout = http.sendTimeout
    closeTimeout = http.closeTimeout
    maxPipelined = http.maxPipelined
    proxies = TrustedProxies(http.trustedProxies, field: TrustedProxies.Field(http.forwardedField))
    commonFields = Self.securityFields(hasTLS: options.tls.certificate != nil)
    limits.headBytes = http.maxHead.bytes
    limits.fields = http.maxFields
    limits.targetBytes = http.maxTarget.bytes
    limits.bodyBytes = http.maxBody.bytes
    if http.compression {
      var compression = HTTPCompression()
      compression.threshold = http.compressionThreshold.bytes
      self.compression = compression
    }
  }
}

extension HTTPServerConfiguration {
  /// What browsers are told about answers that are no pages: not to guess types, to run and load nothing of them, to show
  /// them in nobody's frame, and not to say to others where they have been. A page sets its own policy.
  private static func securityFields(hasTLS: Bool) -> HTTPHeaders {
    var fields: HTTPHeaders = [
      "x-content-type-options": "nosniff", "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
    ]
    if hasTLS { fields.append("strict-transport-security", "max-age=31536000") }
    return fields
  }
}

extension TrustedProxies.Field {
  init(_ field: ForwardedField) {
    self =
      switch field {
      case .xForwardedFor: .xForwardedFor
      case .forwarded: .forwarded
      }
  }
}

extension SocketIOConfiguration {
  init(_ options: Options) {
    let sockets = options.sockets
    self.init()
    connectTimeout = sockets.connectTimeout
    engine.pingInterval = sockets.pingInterval
    engine.pingTimeout = sockets.pingTimeout
    engine.upgradeTimeout = sockets.upgradeTimeout
    engine.maxPayload = sockets.maxPayload.bytes
    engine.outboundLimit = sockets.maxBuffered.bytes
    engine.maximumSessions = sockets.maxSessions
    engine.allowsPolling = sockets.polling
    engine.affinityCookie = sockets.affinityCookie
    if sockets.compression {
      var compression = WebSocketCompression()
      compression.threshold = sockets.compressionThreshold.bytes
      compression.serverContextTakeover = sockets.compressionContext
      compression.clientContextTakeover = sockets.compressionContext
      compression.serverMaxWindowBits = sockets.compressionWindow
      compression.clientMaxWindowBits = sockets.compressionWindow
      // The compressor's tables are the larger part where the window is small.
      compression.memoryLevel = sockets.compressionWindow - 7
      engine.compression = compression
    }
    engine.tag = SocketEvents.tag
    engine.cors = CORSPolicy(options.http.corsOrigins)
  }
}

extension CORSPolicy {
  /// Nil for no origins.
  init?(_ origins: [String]) {
    guard !origins.isEmpty else { return nil }
    self.init(origins.contains("*") ? .any : .list(origins), maxAge: .seconds(600))
  }
}

extension MessageWriter.Limits {
  init(_ options: MessageOptions) {
    self.init()
    batch = options.batch
    queue = options.queueLimit
    patience = options.patience
  }
}

extension MessageService.Limits {
  init(_ options: MessageOptions, _ attachments: AttachmentOptions) {
    self.init()
    orphanAge = attachments.orphanAge
    body = options.maxBody.bytes
    page = options.maxPage
  }
}

extension AttachmentService.Limits {
  init(_ options: AttachmentOptions) {
    self.init()
    size = Int64(options.maxSize.bytes)
    types = options.types
    pending = Int64(options.maxPending)
    quota = options.quota.map { Int64($0.bytes) }
    urlLifetime = options.urlLifetime
    orphanAge = options.orphanAge
  }
}

extension AccountService.Settings {
  init(_ options: AccountOptions) {
    self.init()
    accessTokenLifetime = options.accessTokenLifetime
    refreshTokenLifetime = options.refreshTokenLifetime
    grace = options.refreshGrace
  }
}

extension Hub.Limits {
  init(_ options: SocketOptions) {
    self.init()
    rooms = options.maxRooms
    replay = options.maxReplay
  }
}

extension Recovery.Limits {
  init(_ options: SocketOptions) {
    self.init(window: options.recoveryWindow)
    kept = options.maxRecoverable
    missed = options.maxRecovered
  }
}

extension PresenceSettings {
  init(_ options: PresenceOptions) {
    self.init()
    ttl = options.ttl
    grace = options.grace
    sweepInterval = options.sweepInterval
    maxMembers = options.maxMembers
  }
}

extension PresenceService.Limits {
  init(_ options: PresenceOptions) {
    self.init()
    batch = options.maxBatch
  }
}

extension InboxWorker.Settings {
  init(_ options: InboxOptions) {
    self.init()
    attempts = options.attempts
    comparison = options.comparisonInterval
  }
}

extension InboxUpdates.Settings {
  init(_ options: InboxOptions) {
    self.init()
    interval = options.updateInterval
    members = options.maxMembers
  }
}

extension WebhookSender.Settings {
  init(_ options: WebhookOptions) {
    self.init()
    timeout = options.timeout
    attempts = options.attempts
    retry = RetrySchedule(first: options.firstPause, longest: max(options.firstPause, options.longestPause))
    patience = options.patience
  }
}

extension PushSender.Settings {
  init(_ options: PushOptions) {
    self.init()
    timeout = options.timeout
    attempts = options.attempts
  }
}

extension CallService.Limits {
  init(_ options: CallOptions) {
    self.init()
    participants = options.maxParticipants
    ringTimeout = options.ringTimeout
  }
}

extension CallSweeper.Settings {
  init(_ options: CallOptions) {
    self.init()
    grace = options.grace
  }
}
