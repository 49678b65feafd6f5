import HTTP
import JSON
import Testing

@Suite("the description of an API")
struct DescriptionTests {
  private func json(_ schema: Schema) -> String {
    var json = JSONWriter()
    schema.write(to: &json)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  @Test("schemas are written as JSON Schema")
  func schemas() {
    #expect(
      json(.string(length: 1...8, pattern: "^a+$"))
        == #"{"type":"string","minLength":1,"maxLength":8,"pattern":"^a+$"}"#)
    #expect(json(.integer(0...Int64.max)) == #"{"type":"integer","minimum":0}"#)
    #expect(json(.uuid.orNull) == #"{"anyOf":[{"type":"string","format":"uuid"},{"type":"null"}]}"#)
    #expect(
      json(.object(.required("a", .boolean, "yes or no"), .optional("b", .array(.any, count: 0...3))))
        == """
        {"type":"object","required":["a"],"properties":{"a":{"type":"boolean","description":"yes or no"},\
        "b":{"type":"array","items":{},"maxItems":3}}}
        """)
    #expect(json(.component("Thing", .string)) == ##"{"$ref":"#/components/schemas/Thing"}"##)
  }

  private func document(_ router: Router) throws -> JSONValue {
    let document = OpenAPIDocument(title: "t", version: "1", text: "")
    return try JSONDocument(parsing: document.bytes(for: router.routes)).root
  }

  @Test("a document has every route, with what was said about it")
  func routes() throws {
    let router = Router()
    let thing = Schema.component("Thing", .object(.required("part", .component("Part", .string))))
    router.get(
      "/things/:id/parts/:name",
      Operation("getPart", "Read a part", tag: "Things").path("name", .string(length: 1...9), "Its name.")
        .query("depth", .integer(1...3), "How deep.").answer(.ok, thing)
        .problem(.notFound, code: "not_found").problem(.notFound, code: "gone").problem(.notFound, code: "gone")
    ) { _, _ in HTTPResponse() }
    router.post("/things", Operation("addThing", "Add", tag: "Things").open.body(thing).answer(.noContent)) { _, _ in
      HTTPResponse()
    }
    router.get("/secret") { _, _ in HTTPResponse() }
    let document = try document(router)
    #expect(document["openapi"]?.string == "3.1.1")
    let get = document["paths"]?["/things/{id}/parts/{name}"]?["get"]
    #expect(get?["operationId"]?.string == "getPart")
    #expect(get?["parameters"]?.array?.compactMap { $0["name"]?.string } == ["id", "name", "depth"])
    #expect(get?["parameters"]?.array?.compactMap { $0["required"]?.bool } == [true, true])
    #expect(get?["security"]?.array?.count == 1)
    let codes = get?["responses"]?["404"]?["content"]?["application/problem+json"]?["schema"]?["allOf"]?[1]
    #expect(codes?["properties"]?["code"]?["enum"]?.array?.compactMap({ $0.string }) == ["not_found", "gone"])
    let post = document["paths"]?["/things"]?["post"]
    #expect(post?["security"]?.array?.count == 0)
    #expect(post?["requestBody"]?["required"]?.bool == true)
    #expect(post?["responses"]?["204"]?["content"] == nil)
    #expect(document["paths"]?["/secret"]?["get"]?["x-undescribed"]?.bool == true)
    for name in ["Part", "Problem", "Thing"] { #expect(document["components"]?["schemas"]?[name] != nil, "\(name)") }
  }

  @Test("content that never changes goes out compressed once, and not at all to who has it")
  func fixedContent() throws {
    let content = FixedContent(Array(repeating: 0x61, count: 4096), type: "text/plain", tag: "v1")
    let plain = content.response(to: HTTPRequest(.get, "/"))
    #expect(plain.bytes.count == 4096)
    #expect(plain.headers["etag"] == "\"v1\"")
    #expect(plain.headers["content-encoding"] == nil)
    let compressed = content.response(to: HTTPRequest(.get, "/", headers: ["accept-encoding": "gzip"]))
    #expect(compressed.headers["content-encoding"] == "gzip")
    #expect(compressed.bytes.count < 200)
    #expect(compressed.headers["vary"] == "Accept-Encoding")
    for tag in ["\"v1\"", "W/\"v1\"", "\"v0\", W/\"v1\"", "*"] {
      let known = content.response(to: HTTPRequest(.get, "/", headers: ["if-none-match": tag]))
      #expect(known.status == .notModified, "\(tag)")
      #expect(known.bytes.isEmpty)
    }
    #expect(content.response(to: HTTPRequest(.get, "/", headers: ["if-none-match": "\"v2\""])).status == .ok)
  }
}
