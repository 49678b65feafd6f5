package import Curl
import JSON
import Primitives

/// Posts notifications to a URL of the operator's, signed as webhooks are: a server there speaks to Apple and Google.
///
/// 2xx has taken it; the answer may name devices that there are no more, `{"gone": ["ID", …]}`. 4xx is not tried again, but
/// for 408, 425 and 429.
package final class WebhookPushProvider: PushProvider {
  private let client: CurlClient
  private let url: String
  private let secret: [UInt8]
  private let timeout: Duration

  /// - Parameters:
  ///   - client: may connect to wherever the operator's URL is.
  ///   - secret: of the signature.
  package init(client: CurlClient, url: String, secret: [UInt8], timeout: Duration = .seconds(10)) {
    self.client = client
    self.url = url
    self.secret = secret
    self.timeout = timeout
  }

  package func push(_ notification: PushNotification) async throws(PushError) -> [String] {
    let body = Self.body(notification)
    var request = CurlRequest(
      "POST", url,
      headers: [(name: "content-type", value: "application/json")]
        + WebhookSignature.headers(id: notification.id, at: .now(), body: body, secret: secret), body: body)
    request.timeout = timeout
    request.connectTimeout = min(request.connectTimeout, timeout)
    request.maxBody = 64 << 10
    let response: CurlResponse
    do throws(CurlError) {
      response = try await client.send(request)
    } catch {
      throw PushError(error.reason, isRetriable: error.isRetriable || error.code == .cancelled)
    }
    guard (200..<300).contains(response.status) else {
      throw PushError(
        "the push provider answered \(response.status)",
        isRetriable: !(400..<500).contains(response.status) || [408, 425, 429].contains(response.status))
    }
    guard let gone = (try? JSONDocument(parsing: response.body))?.root["gone"]?.array else { return [] }
    return gone.compactMap(\.string)
  }

  private static func body(_ notification: PushNotification) -> [UInt8] {
    var json = JSONWriter(reserving: 512)
    json.beginObject()
    json.field("id", notification.id)
    json.field("kind", notification.kind.rawValue)
    json.field("userId", notification.user)
    json.field("conversationId", notification.conversationId)
    json.field("seq", notification.seq)
    json.key("message")
    json.raw(notification.message)
    json.key("devices")
    json.beginArray()
    for device in notification.devices {
      json.beginObject()
      json.field("id", device.id)
      json.field("platform", device.platform)
      json.field("token", device.token)
      json.endObject()
    }
    json.endArray()
    json.endObject()
    return json.bytes
  }
}
