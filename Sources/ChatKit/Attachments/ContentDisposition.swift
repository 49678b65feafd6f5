/// How a browser is to take an attachment (RFC 6266): to be saved, with its name, unless it is a picture, a sound or a film
/// of those kinds that run nothing.
package enum ContentDisposition {
  private static let shown: Set<String> = [
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "audio/mpeg", "audio/ogg",
    "audio/wav",
    "audio/mp4", "audio/aac", "audio/flac", "audio/webm", "video/mp4", "video/webm", "video/ogg", "video/quicktime",
  ]

  /// `attachment; filename="a.txt"; filename*=UTF-8''…`
  package static func value(for attachment: Attachment) -> String {
    let kind = shown.contains(ContentType.essence(of: attachment.contentType)) ? "inline" : "attachment"
    let name = attachment.name
    // What some old client may take for a quote's end, an escape, or another encoding is replaced in the plain form.
    let plain = String(
      decoding: name.unicodeScalars.map { scalar -> UInt8 in
        let isPlain = (0x20...0x7e).contains(scalar.value) && !"\"\\%;".unicodeScalars.contains(scalar)
        return isPlain ? UInt8(scalar.value) : UInt8(ascii: "_")
      }, as: UTF8.self)
    var value = "\(kind); filename=\"\(plain)\""
    if plain != name { value += "; filename*=UTF-8''\(URLEncoding.encode(name))" }
    return value
  }
}
