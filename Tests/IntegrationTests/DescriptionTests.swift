import JSON
import Networking
import TestSupport
import Testing

/// `/openapi.json` and `/docs`.
@Suite("the API's description")
struct DescriptionTests {
  private static let methods = ["get", "post", "put", "patch", "delete"]

  /// Each operation of the document, by its method and path.
  private func operations(_ document: Answer) throws -> [(name: String, operation: JSONValue)] {
    guard let paths = try document.json["paths"]?.object else { return [] }
    return paths.flatMap { path in
      Self.methods.compactMap { method in path.value[method].map { ("\(method) \(path.key)", $0) } }
    }
  }

  @Test("every route is described, under a name of its own, with its answers and who may call it")
  func isComplete() async throws {
    try await withStack { stack in
      let document = try await stack.client().get("/openapi.json").expect(200)
      #expect(document["openapi"]?.string == "3.1.1")
      let operations = try operations(document)
      #expect(operations.count > 20)
      var names: Set<String> = []
      for (name, operation) in operations {
        #expect(operation["x-undescribed"] == nil, "\(name) has no description: give it an Operation")
        #expect(operation["summary"]?.string?.isEmpty == false, "\(name)")
        #expect(operation["security"] != nil, "\(name)")
        if let id = operation["operationId"]?.string {
          #expect(names.insert(id).inserted, "\(id) is the name of two operations")
        }
        let answers = operation["responses"]?.object?.map { $0.key } ?? []
        #expect(answers.contains { $0.hasPrefix("2") || $0.hasPrefix("3") }, "\(name) never succeeds")
        #expect(answers.contains("500"), "\(name)")
      }
    }
  }

  @Test("every reference leads to a component")
  func references() async throws {
    try await withStack { stack in
      let document = try await stack.client().get("/openapi.json").expect(200)
      let text = document.text
      let components = Set(try document.json["components"]?["schemas"]?.object?.map { $0.key } ?? [])
      let prefix = "\"#/components/schemas/"
      var referred: Set<String> = []
      for part in text.split(separator: prefix).dropFirst() { referred.insert(String(part.prefix { $0 != "\"" })) }
      #expect(referred.isSubset(of: components), "\(referred.subtracting(components))")
      for name in ["User", "Session", "Conversation", "Participant", "Message", "Problem"] {
        #expect(referred.contains(name), "\(name)")
      }
    }
  }

  @Test("it has an entity tag, and is not sent again to who has it")
  func entityTag() async throws {
    try await withStack { stack in
      let client = stack.client()
      let answer = try await client.get("/openapi.json").expect(200)
      let tag = try #require(answer.headers["etag"])
      let again = try await client.request("GET", "/openapi.json", headers: ["If-None-Match": tag])
      #expect(again.status == 304)
      #expect(again.body.isEmpty)
    }
  }

  @Test("what is described as needing a token is refused without one, before anything else is looked at")
  func security() async throws {
    try await withStack { stack in
      let document = try await stack.client().get("/openapi.json").expect(200)
      let client = stack.client()
      for (name, operation) in try operations(document) where operation["security"]?.array?.count == 1 {
        let parts = name.split(separator: " ").map(String.init)
        let path = parts[1].split(separator: "/").map { $0.hasPrefix("{") ? "x" : String($0) }.joined(separator: "/")
        let answer = try await client.request(parts[0].uppercased(), "/\(path)", bytes: Array("{".utf8))
        #expect(answer.status == 401, "\(name)")
      }
    }
  }

  @Test("a problem names its request, as the answer's header does")
  func requestID() async throws {
    try await withStack { stack in
      let answer = try await stack.client().request("GET", "/api/users/me", headers: ["X-Request-Id": "mine-1"])
      #expect(answer.status == 401)
      #expect(answer.headers["x-request-id"] == "mine-1")
      #expect(answer["requestId"]?.string == "mine-1")
      let made = try await stack.client().get("/nothing")
      #expect(made["requestId"]?.string == made.headers["x-request-id"])
      #expect(made.headers["x-request-id"]?.isEmpty == false)
    }
  }
}
