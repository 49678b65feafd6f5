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

  /// The files of the web client besides its page.
  private static let clientFolder = "/web/"

  func add(to router: Router) {
    for page in pages where !page.path.hasPrefix(Self.clientFolder) {
      let name = page.path == "/" ? "client" : page.path.split { $0 == "/" || $0 == "." }.joined(separator: "-")
      let operation = Self.conditional(Operation("page-\(name)", "A page for people: \(page.path)", tag: "Service"))
        .answer(.ok, .string, as: page.type).answerHeader("ETag", .string, "Stands for this very content.")
        .answer(.notModified, nil, "It is the one that is known.")
      router.get(page.path, operation) { request, _ in page.content.response(to: request) }
    }
    addClientFiles(to: router)
  }

  private func addClientFiles(to router: Router) {
    let files = Dictionary(
      uniqueKeysWithValues: pages.filter { $0.path.hasPrefix(Self.clientFolder) }.map {
        (String($0.path.dropFirst(Self.clientFolder.count)), $0.content)
      })
    let operation = Self.conditional(Operation("getClientFile", "Read a file of the web client", tag: "Service"))
      .path("file", .oneOf(files.keys.sorted()), "Its name.")
      .answer(.ok, .string, as: "*/*").answerHeader("ETag", .string, "Stands for this very content.")
      .answer(.notModified, nil, "It is the one that is known.").problems(.notFound)
    router.get("\(Self.clientFolder):file", operation) { request, context in
      guard let name = context.parameter("file"), let content = files[name] else {
        throw ChatError(.notFound, "The web client has no such file.")
      }
      return content.response(to: request)
    }
  }

  private static func conditional(_ operation: Operation) -> Operation {
    operation.open.header("If-None-Match", .string, "The entity tag of the content that is known.")
  }
}
