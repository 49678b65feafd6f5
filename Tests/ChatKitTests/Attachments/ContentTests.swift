import Primitives
import Testing

@testable import ChatKit

@Suite("What files are, and the paths to them")
struct ContentTests {
  @Test("a media type is told from what is none, and from patterns")
  func types() {
    for text in ["image/png", "text/plain; charset=utf-8", "application/vnd.a+b-c.d", "Image/PNG"] {
      #expect(ContentType.isValid(text), "\(text)")
    }
    for text in [
      "", "image", "image/", "/png", "a/b/c", "image/png\r\nx: y", "a/\"b\"", "text/plain, a/b", "ä/b", "a b/c",
    ] {
      #expect(!ContentType.isValid(text), "\(text)")
    }
    for pattern in ["image/*", "application/vnd.*", "*/*", "text/plain"] { #expect(ContentType.isPattern(pattern)) }
    for pattern in ["*", "image", "ima*", "*/png", "image/*/x", ""] {
      #expect(!ContentType.isPattern(pattern), "\(pattern)")
    }
    #expect(ContentType.matches("IMAGE/png; a=b", "image/*") && ContentType.matches("text/plain ;x=y", "text/plain"))
    #expect(ContentType.matches("application/vnd.ms-excel", "application/vnd.*") && ContentType.matches("a/b", "*/*"))
    #expect(!ContentType.matches("image/png", "image/pn") && !ContentType.matches("imagex/png", "image/*"))
  }

  @Test("an image begins as its type does")
  func signatures() {
    func box(_ brands: String) -> [UInt8] { [0, 0, 0, UInt8(8 + brands.utf8.count)] + Array("ftyp\(brands)".utf8) }
    let samples: [(String, [UInt8])] = [
      ("image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0]), ("image/jpeg", [0xff, 0xd8, 0xff, 0xe0]),
      ("image/gif", Array("GIF89a...".utf8)), ("image/webp", Array("RIFF....WEBPVP8 ".utf8)),
      ("image/avif", box("avif\0\0\0\0miaf")), ("image/heic", box("heic\0\0\0\0mif1")),
      ("image/svg+xml", Array("\u{FEFF} <?xml version='1.0'?><svg/>".utf8)), ("image/bmp", Array("BM....".utf8)),
      ("image/tiff", [0x4d, 0x4d, 0, 0x2a]), ("image/x-icon", [0, 0, 1, 0, 1]),
    ]
    for (type, bytes) in samples {
      #expect(ContentSignature.agrees(bytes, with: type), "\(type)")
      for (other, _) in samples where other != type {
        #expect(!ContentSignature.agrees(bytes, with: other), "\(type) is taken for \(other)")
      }
      for count in 0..<2 { #expect(!ContentSignature.agrees(Array(bytes.prefix(count)), with: type)) }
      #expect(ContentSignature.agrees(bytes, with: "text/plain"))
      #expect(!ContentSignature.agrees(bytes, with: "image/whatever"))
    }
    // A brand is none where the box does not reach, and the version is none at all.
    #expect(!ContentSignature.agrees([0, 0, 0, 16] + Array("ftypmif1\0\0\0\0avif".utf8), with: "image/avif"))
    #expect(!ContentSignature.agrees(box("isomavif...."), with: "image/avif"))
  }

  @Test("a name is written for browsers so that nothing of it is taken for something else")
  func disposition() {
    func value(_ name: String, _ type: String) -> String {
      ContentDisposition.value(
        for: Attachment(
          id: .v7(), conversationId: .v7(), uploaderId: .v7(), name: name, contentType: type, size: 1, checksum: [],
          state: .ready, createdAt: .now()))
    }
    #expect(value("a.png", "image/png") == "inline; filename=\"a.png\"")
    #expect(value("a b.txt", "text/plain") == "attachment; filename=\"a b.txt\"")
    #expect(value("a.svg", "image/svg+xml") == "attachment; filename=\"a.svg\"")
    #expect(
      value("\"x\"; é%.html", "text/html")
        == "attachment; filename=\"_x__ __.html\"; filename*=UTF-8''%22x%22%3B%20%C3%A9%25.html")
  }

  @Test("a signed path is good for its method, its file and its time, with the key that signed it")
  func paths() throws {
    let paths = SignedPath(secret: [1, 2, 3])
    let id = UUID.v7()
    let until = Timestamp(seconds: 2_000_000_000)
    let path = paths.path("GET", id, until: until)
    let query = path.split(separator: "?")[1].split(separator: "&").map { String($0.drop { $0 != "=" }.dropFirst()) }
    #expect(path.hasPrefix("/api/attachments/\(id)/data?") && query[0] == "2000000000")
    let early = Timestamp(seconds: 1_999_999_999)
    try paths.check("GET", id, expires: query[0], signature: query[1], now: early)
    func refuses(
      _ paths: SignedPath, _ method: String, _ id: UUID, _ expires: String?, _ signature: String?,
      _ now: Timestamp
    ) -> Bool {
      do {
        try paths.check(method, id, expires: expires, signature: signature, now: now)
        return false
      } catch { return (error as? ChatError)?.code == .forbidden }
    }
    #expect(refuses(paths, "GET", id, query[0], query[1], until))
    #expect(refuses(paths, "PUT", id, query[0], query[1], early))
    #expect(refuses(paths, "GET", .v7(), query[0], query[1], early))
    #expect(refuses(paths, "GET", id, "2000000001", query[1], early))
    #expect(refuses(paths, "GET", id, nil, query[1], early) && refuses(paths, "GET", id, query[0], nil, early))
    #expect(
      refuses(paths, "GET", id, query[0], "", early) && refuses(paths, "GET", id, query[0], "A" + query[1], early))
    #expect(refuses(SignedPath(secret: [1, 2, 4]), "GET", id, query[0], query[1], early))
  }
}
