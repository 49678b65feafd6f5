/// What the two ends of a connection have agreed on (RFC 7692, 7.1), and how they come to it.
package struct PerMessageDeflateParameters: Sendable, Equatable {
  package var serverNoContextTakeover = false
  package var clientNoContextTakeover = false
  package var serverMaxWindowBits = 15
  package var clientMaxWindowBits = 15

  package init() {}

  private static let name = "permessage-deflate"

  // MARK: A server

  /// The first of a client's offers that is right and can be had, with the field that says so; nil to decline them all.
  package static func accept(
    _ offers: WebSocketExtensions, _ own: WebSocketCompression
  ) -> (agreed: PerMessageDeflateParameters, field: String)? {
    for offer in offers.offers where offer.name == name {
      if let accepted = accept(offer, own) { return accepted }
    }
    return nil
  }

  private static func accept(
    _ offer: WebSocketExtensions.Offer, _ own: WebSocketCompression
  ) -> (agreed: PerMessageDeflateParameters, field: String)? {
    guard let asked = Fields(offer, isOffer: true) else { return nil }
    var agreed = PerMessageDeflateParameters()
    var field = name
    // A client may refuse what it did not offer only in the one case that is left out below.
    agreed.serverNoContextTakeover = asked.serverNoContextTakeover || !own.serverContextTakeover
    if agreed.serverNoContextTakeover { field += "; server_no_context_takeover" }
    agreed.clientNoContextTakeover = asked.clientNoContextTakeover || !own.clientContextTakeover
    if agreed.clientNoContextTakeover { field += "; client_no_context_takeover" }
    agreed.serverMaxWindowBits = min(own.serverBits, asked.serverMaxWindowBits ?? 15)
    if asked.serverMaxWindowBits != nil || agreed.serverMaxWindowBits < 15 {
      field += "; server_max_window_bits=\(agreed.serverMaxWindowBits)"
    }
    // Only a client that names it can be told to use a smaller window (7.1.2.2).
    if asked.namesClientMaxWindowBits {
      agreed.clientMaxWindowBits = min(own.clientBits, asked.clientMaxWindowBits ?? 15)
      if agreed.clientMaxWindowBits < 15 { field += "; client_max_window_bits=\(agreed.clientMaxWindowBits)" }
    }
    return (agreed, field)
  }

  // MARK: A client

  /// The field of a client's request.
  static func offer(_ own: WebSocketCompression) -> String {
    var field = name
    if !own.serverContextTakeover { field += "; server_no_context_takeover" }
    if !own.clientContextTakeover { field += "; client_no_context_takeover" }
    if own.serverBits < 15 { field += "; server_max_window_bits=\(own.serverBits)" }
    field += own.clientBits < 15 ? "; client_max_window_bits=\(own.clientBits)" : "; client_max_window_bits"
    return field
  }

  /// What a server's answer to `offer(own)` amounts to: nil when it uses no compression. Throws `badHandshake` for an
  /// answer that the offer does not allow.
  static func answer(
    _ headers: HTTPHeaders, to own: WebSocketCompression?
  ) throws(HTTPError) -> PerMessageDeflateParameters? {
    guard let accepted = WebSocketExtensions(headers) else {
      throw HTTPError(.badHandshake, "bad Sec-WebSocket-Extensions")
    }
    guard let first = accepted.offers.first else { return nil }
    guard let own, accepted.offers.count == 1, first.name == name, let fields = Fields(first, isOffer: false) else {
      throw HTTPError(.badHandshake, "the server uses an extension that was not offered")
    }
    guard fields.serverNoContextTakeover || own.serverContextTakeover,
      own.serverBits == 15 || (fields.serverMaxWindowBits ?? 15) <= own.serverBits,
      (fields.clientMaxWindowBits ?? 0) <= own.clientBits
    else { throw HTTPError(.badHandshake, "the server does not keep to what was offered") }
    var agreed = PerMessageDeflateParameters()
    agreed.serverNoContextTakeover = fields.serverNoContextTakeover
    agreed.clientNoContextTakeover = fields.clientNoContextTakeover || !own.clientContextTakeover
    agreed.serverMaxWindowBits = fields.serverMaxWindowBits ?? 15
    agreed.clientMaxWindowBits = min(fields.clientMaxWindowBits ?? 15, own.clientBits)
    return agreed
  }

  // MARK: Parameters

  /// The parameters of an offer or an answer; nil where one is unknown, comes twice, or has a value that it must not
  /// have (RFC 7692, 7.1).
  private struct Fields {
    var serverNoContextTakeover = false
    var clientNoContextTakeover = false
    var serverMaxWindowBits: Int?
    var clientMaxWindowBits: Int?
    var namesClientMaxWindowBits = false

    init?(_ offer: WebSocketExtensions.Offer, isOffer: Bool) {
      for parameter in offer.parameters {
        switch parameter.name {
        case "server_no_context_takeover":
          guard parameter.value == nil, !serverNoContextTakeover else { return nil }
          serverNoContextTakeover = true
        case "client_no_context_takeover":
          guard parameter.value == nil, !clientNoContextTakeover else { return nil }
          clientNoContextTakeover = true
        case "server_max_window_bits":
          guard serverMaxWindowBits == nil, let bits = Self.bits(parameter.value) else { return nil }
          serverMaxWindowBits = bits
        case "client_max_window_bits":
          guard !namesClientMaxWindowBits else { return nil }
          namesClientMaxWindowBits = true
          // Without a value it says only that the client would obey.
          if isOffer, parameter.value == nil { continue }
          guard let bits = Self.bits(parameter.value) else { return nil }
          clientMaxWindowBits = bits
        default: return nil
        }
      }
    }

    /// 8 to 15, without leading zeros.
    private static func bits(_ value: String?) -> Int? {
      switch value {
      case "8": 8
      case "9": 9
      case "10": 10
      case "11": 11
      case "12": 12
      case "13": 13
      case "14": 14
      case "15": 15
      default: nil
      }
    }
  }
}

extension WebSocketCompression {
  var serverBits: Int { min(max(serverMaxWindowBits, 8), 15) }
  var clientBits: Int { min(max(clientMaxWindowBits, 8), 15) }
}
