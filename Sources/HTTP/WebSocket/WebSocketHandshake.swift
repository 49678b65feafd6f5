import COpenSSL
import Primitives

/// The opening handshake (RFC 6455, 4), both sides of it.
enum WebSocketHandshake {
  /// The key of a request whose `Connection` and `Upgrade` are right already. Throws `upgradeRequired` for another
  /// version (RFC 6455, 4.4), `badHandshake` for the rest.
  static func key(of headers: HTTPHeaders) throws(HTTPError) -> String {
    guard headers["sec-websocket-version"] == "13", headers.values(of: "sec-websocket-version").count == 1 else {
      throw HTTPError(.upgradeRequired, "only version 13 of the WebSocket protocol is spoken here")
    }
    let keys = headers.values(of: "sec-websocket-key")
    guard keys.count == 1, isKey(keys[0]) else { throw HTTPError(.badHandshake, "bad Sec-WebSocket-Key") }
    return keys[0]
  }

  /// Sixteen bytes in base64.
  static func isKey(_ key: String) -> Bool {
    // Not decoded: the RFC's own example has bits set beyond the sixteenth byte.
    key.utf8.count == 24 && key.hasSuffix("==") && key.utf8.prefix(22).allSatisfy(CharacterClass.isBase64)
  }

  /// What a server answers to the key (RFC 6455, 4.2.2): base64 of SHA-1 of the key and a constant.
  static func accept(key: String) -> String {
    let input = Array(key.utf8) + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
    let digest = [UInt8](unsafeUninitializedCapacity: Int(SHA_DIGEST_LENGTH)) { buffer, count in
      SHA1(input, input.count, buffer.baseAddress)
      count = Int(SHA_DIGEST_LENGTH)
    }
    return Base64.standard.encode(digest)
  }

  /// What is agreed on and what says so. Throws `badHandshake` for a list of extensions that is none (RFC 6455, 9.1);
  /// what is in it and cannot be had is declined.
  static func extensions(
    of headers: HTTPHeaders, _ options: WebSocketOptions
  ) throws(HTTPError) -> (agreed: PerMessageDeflateParameters, field: String)? {
    guard let own = options.compression, headers.contains("sec-websocket-extensions") else { return nil }
    guard let offers = WebSocketExtensions(headers) else {
      throw HTTPError(.badHandshake, "bad Sec-WebSocket-Extensions")
    }
    return PerMessageDeflateParameters.accept(offers, own)
  }

  static func response(key: String, _ options: WebSocketOptions, extensions: String? = nil) -> [UInt8] {
    var text = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: "
    text += accept(key: key)
    text += "\r\n"
    if let subprotocol = options.subprotocol, subprotocol.utf8.allSatisfy(CharacterClass.isToken) {
      text += "sec-websocket-protocol: \(subprotocol)\r\n"
    }
    if let extensions { text += "sec-websocket-extensions: \(extensions)\r\n" }
    text += "\r\n"
    return Array(text.utf8)
  }
}
