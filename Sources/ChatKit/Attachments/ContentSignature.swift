/// How images begin: an attachment that says it is a PNG must begin as one.
enum ContentSignature {
  /// Bytes that are looked at.
  static let length = 512

  /// Whether content that begins with `bytes` can be what `contentType` says. Of images only known ones can; of other types
  /// nothing is known.
  static func agrees(_ bytes: [UInt8], with contentType: String) -> Bool {
    switch ContentType.essence(of: contentType) {
    case "image/png", "image/apng": begins(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    case "image/jpeg", "image/jpg", "image/pjpeg": begins(bytes, [0xff, 0xd8, 0xff])
    case "image/gif": begins(bytes, "GIF87a") || begins(bytes, "GIF89a")
    case "image/webp": begins(bytes, "RIFF") && begins(bytes.dropFirst(8), "WEBP")
    case "image/bmp", "image/x-ms-bmp": begins(bytes, "BM")
    case "image/tiff": begins(bytes, [0x49, 0x49, 0x2a, 0x00]) || begins(bytes, [0x4d, 0x4d, 0x00, 0x2a])
    case "image/x-icon", "image/vnd.microsoft.icon": begins(bytes, [0x00, 0x00, 0x01, 0x00])
    case "image/avif": hasBrand(bytes, ["avif", "avis"])
    case "image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence":
      hasBrand(bytes, ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"])
    case "image/jxl":
      begins(bytes, [0xff, 0x0a]) || begins(bytes, [0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c, 0x20, 0x0d, 0x0a, 0x87, 0x0a])
    case "image/svg+xml": isSVG(bytes)
    case let essence: !essence.hasPrefix("image/")
    }
  }

  private static func begins(_ bytes: some Sequence<UInt8>, _ text: StaticString) -> Bool {
    bytes.starts(with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private static func begins(_ bytes: some Sequence<UInt8>, _ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }

  /// The box `ftyp` of ISO base media files names its brands: the major one, a version, then the compatible ones.
  private static func hasBrand(_ bytes: [UInt8], _ wanted: [String]) -> Bool {
    guard bytes.count >= 16, begins(bytes[4...], "ftyp") else { return false }
    let length = bytes[..<4].reduce(0) { $0 << 8 | Int($1) }
    let end = min(length, bytes.count)
    return stride(from: 8, to: end - 3, by: 4).contains { start in
      start != 12 && wanted.contains(String(decoding: bytes[start..<start + 4], as: UTF8.self))
    }
  }

  /// A text that begins as XML does and has the element within what is looked at.
  private static func isSVG(_ bytes: [UInt8]) -> Bool {
    let text = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes[3...] : bytes[...]
    let start = text.drop { $0 == 0x20 || (0x09...0x0d).contains($0) }
    return start.first == UInt8(ascii: "<") && start.firstRange(of: Array("<svg".utf8)) != nil
  }
}
