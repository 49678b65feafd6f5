package import Primitives

/// By what a receiver knows that a request is ours, and new, as Standard Webhooks (standardwebhooks.com) has it:
/// HMAC-SHA256 over `id.timestamp.body` in `webhook-signature`.
package enum WebhookSignature {
  /// How a secret is shown: receivers' libraries take it like this.
  package static func secretText(_ secret: [UInt8]) -> String { "whsec_" + Base64.standard.encode(secret) }

  /// The fields of a request.
  package static func headers(
    id: UUID, at time: Timestamp, body: [UInt8], secret: [UInt8]
  ) -> [(name: String, value: String)] {
    let seconds = time.seconds
    return [
      (name: "webhook-id", value: id.description), (name: "webhook-timestamp", value: "\(seconds)"),
      (
        name: "webhook-signature",
        value: signature(id: id.description, timestamp: seconds, body: body, secret: secret)
      ),
    ]
  }

  /// `v1,` and the code in base64.
  package static func signature(id: String, timestamp: Int64, body: [UInt8], secret: [UInt8]) -> String {
    let code = SHA256.authenticationCode(of: Array("\(id).\(timestamp).".utf8) + body, key: secret)
    return "v1," + Base64.standard.encode(code)
  }
}
