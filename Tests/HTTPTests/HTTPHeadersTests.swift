import HTTP
import Testing

@Suite("messages")
struct HTTPHeadersTests {
  @Test("fields are found in any case, in order, and changed")
  func headers() {
    var headers: HTTPHeaders = ["Content-Type": "text/plain", "X-A": "1", "x-a": "2"]
    #expect(headers["content-type"] == "text/plain")
    #expect(headers["CONTENT-TYPE"] == "text/plain")
    #expect(headers.values(of: "X-a") == ["1", "2"])
    #expect(headers["x-b"] == nil)
    let name = "x-A"
    headers[name] = "3"
    #expect(headers.values(of: "x-a") == ["3"])
    #expect(headers.count == 2)
    headers[name] = nil
    #expect(headers["x-a"] == nil)
    headers.append("empty", "")
    #expect(headers["empty"] == "")
    #expect(headers.description == "Content-Type: text/plain\r\nempty: \r\n")
  }

  @Test("no value can add a field")
  func injection() {
    let headers: HTTPHeaders = ["location": "/a\r\nset-cookie: b\0"]
    #expect(headers["location"] == "/a  set-cookie: b")
    #expect(headers["set-cookie"] == nil)
  }

  @Test("members of lists are found whole and in any case")
  func tokens() {
    let headers: HTTPHeaders = ["connection": "keep-alive , Upgrade", "connection": "x"]
    #expect(headers.hasToken("upgrade", in: "Connection"))
    #expect(headers.hasToken("x", in: "connection"))
    #expect(!headers.hasToken("up", in: "connection"))
  }

  @Test("queries are decoded")
  func query() {
    let query = HTTPRequest(.get, "/p?a=1&b=x%20y+z&a=2&flag&=v&bad=%zz&%C3%A9=%E2%82%AC").query
    #expect(query["a"] == "1")
    #expect(query.values(of: "a") == ["1", "2"])
    #expect(query["b"] == "x y z")
    #expect(query["flag"] == "")
    #expect(query["bad"] == nil)
    #expect(query["é"] == "€")
    #expect(query["c"] == nil)
    #expect(HTTPRequest(.get, "/p").query["a"] == nil)
  }

  @Test("dates have the form that HTTP wants")
  func date() {
    #expect(HTTPDate.format(secondsSince1970: 784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
  }

  @Test(
    "URLs",
    arguments: [
      ("http://h", "h", 80, "/"), ("ws://h:8080/a?b#c", "h", 8080, "/a?b"), ("http://[::1]:9/x", "::1", 9, "/x"),
      ("http://[::1]", "::1", 80, "/"), ("http://h?q", "h", 80, "/?q"),
    ] as [(String, String, UInt16, String)])
  func url(text: String, host: String, port: UInt16, target: String) throws {
    let url = try HTTPURL(text)
    #expect(url.host == host && url.port == port && url.target == target)
  }

  @Test(
    "what is no URL is refused",
    arguments: ["", "h", "http:", "http://", "ftp://h", "http://h:x", "http://h/a b"])
  func badURL(text: String) {
    #expect(throws: HTTPError.self) { try HTTPURL(text) }
  }
}
