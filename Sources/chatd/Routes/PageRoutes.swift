import CPages
import ChatKit
import HTTP
import Primitives

/// The pages for people: files that are part of the program (`CPages`), each compressed once a process.
struct PageRoutes: Sendable {
  private struct Page: Sendable {
    let path: String
    let type: String
    let content: FixedContent
  }

  private let pages: [Page]

  /// Scripts, styles and requests of this very origin, and nothing else; in no other page's frame.
  private static let policy = """
    default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'
    """

  init() {
    var count = 0
    guard let files = cpages_files(&count) else {
      pages = []
      return
    }
    pages = UnsafeBufferPointer(start: files, count: count).map { file in
      let bytes = [UInt8](UnsafeBufferPointer(start: file.bytes, count: file.count))
      let type = String(cString: file.type)
      let content = FixedContent(
        bytes, type: type, tag: String(Hex.encode(SHA256.digest(bytes)).prefix(24)),
        headers: ["cache-control": "no-cache", "content-security-policy": Self.policy])
      return Page(path: String(cString: file.path), type: type, content: content)
    }
  }

  func add(to router: Router) {
    for page in pages {
      let name = page.path.split { $0 == "/" || $0 == "." }.joined(separator: "-")
      let operation = Operation("page-\(name)", "A page for people: \(page.path)", tag: "Service").open
        .header("If-None-Match", .string, "The entity tag of the content that is known.")
        .answer(.ok, .string, as: page.type).answerHeader("ETag", .string, "Stands for this very content.")
        .answer(.notModified, nil, "It is the one that is known.")
      router.get(page.path, operation) { request, _ in page.content.response(to: request) }
    }
  }
}
