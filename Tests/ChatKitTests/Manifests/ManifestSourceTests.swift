import ChatKit
import TestSupport
import Testing
import YAML

@Suite struct ManifestSourceTests {
  private func read(_ text: String) throws -> ManifestSource {
    var source = ManifestSource()
    try source.parse(Array(text.utf8), file: "x.yaml", folder: "etc", isNamed: true)
    return source
  }

  private func problems(_ text: String) throws -> [String] { try read(text).problems.map(\.description) }

  private let user = "apiVersion: chatd/v1\nkind: User\nmetadata: {name: ann}\nspec:\n"

  @Test("a document becomes a kind, a name, a workspace and the fields that were given")
  func document() throws {
    let source = try read(user + "  workspace: acme\n  role: admin\n  passwordFile: secrets/ann\n")
    let manifest = try #require(source.manifests.first)
    #expect(source.problems.isEmpty && manifest.id == ManifestID("User", "ann", workspace: "acme"))
    #expect(manifest.spec == .fields([("role", .string("admin")), ("passwordFile", .string("etc/secrets/ann"))]))
    #expect(manifest.place == "x.yaml:1:1")
  }

  @Test("several documents are several manifests, and the same one twice is refused with both places")
  func several() throws {
    let two = try read(user + "  role: user\n---\n" + user.replacing("ann", with: "bob") + "  role: user\n")
    #expect(two.manifests.map(\.id.name) == ["ann", "bob"])
    let twice = try problems(user + "  role: user\n---\n" + user + "  role: user\n")
    #expect(twice == ["x.yaml:9:11: User main/ann is declared twice; it is in x.yaml:1:1 too"])
  }

  @Test("all that is wrong is told at once, with its place and what was probably meant")
  func mistakes() throws {
    let found = try problems(
      "apiVersion: chatd/v1\nkind: Room\nmetadata: {name: general, lables: {}}\nspec:\n  titel: General\n  type: chanel\n"
        + "  archived: yes\n  slowMode: 5\n  members:\n  - {user: ann, role: boss}\n  - {role: admin}\n  - {user: Ann}\n"
    )
    #expect(
      found.sorted()
        == [
          "x.yaml:10:23: spec.members[0].role: expected one of member, admin, found the string 'boss'",
          "x.yaml:11:5: key 'user' is missing in spec.members[1]",
          "x.yaml:12:5: spec.members[2]: user 'Ann' is there twice",
          "x.yaml:3:27: unknown key 'lables' in metadata; known are name, labels; did you mean 'labels'?",
          "x.yaml:5:3: unknown key 'titel' in spec; did you mean 'title'?",
          "x.yaml:6:9: spec.type: expected one of group, channel, found the string 'chanel'; did you mean 'channel'?",
          "x.yaml:7:13: spec.archived: expected true or false, found the string 'yes'",
          "x.yaml:8:13: spec.slowMode: expected a duration from 0s to 6h, for example 30s, found the number 5; it needs a unit: 5s",
        ].sorted())
  }

  @Test("a key that is there twice, an unknown kind, another version and a bad name are told")
  func heads() throws {
    #expect(try problems(user + "  role: user\n  role: admin\n").first?.hasPrefix("x.yaml:6:3:") == true)
    #expect(try problems("apiVersion: chatd/v1\nkind: Usr\n")[0].hasSuffix("did you mean 'User'?"))
    #expect(try problems("apiVersion: chatd/v2\nkind: User\nmetadata: {name: ann}\nspec: {}\n")[0].contains("chatd/v2"))
    #expect(try problems("apiVersion: chatd/v1\nkind: User\nmetadata: {name: a b}\nspec: {}\n")[0].contains("3 to 32"))
    #expect(try problems("apiVersion: chatd/v1\nkind: User\nspec: {}\n")[0].contains("metadata"))
    #expect(try problems("") == ["x.yaml:1:1: the file is empty"])
  }

  @Test("in a folder what is none of ours is passed over with a word, and what is ours is read")
  func folder() throws {
    let folder = try TemporaryFolder.make()
    try FileText.write(user + "  role: user\n", to: "\(folder)/users.yaml")
    try FileText.write("groups: []\n", to: "\(folder)/rules.yaml")
    try FileText.write("a text", to: "\(folder)/README.md")
    try FileText.write(
      "apiVersion: chatd/v1\nkind: Server\nmetadata: {name: x}\nspec: {lop: 1}\n", to: "\(folder)/server.yml")
    var source = ManifestSource()
    try source.read(folder + "/") { [] }
    #expect(source.manifests.map(\.id.kind) == ["Server", "User"])
    #expect(source.skipped.map(\.file) == ["\(folder)/rules.yaml"])
    #expect(source.problems.map(\.description).first?.contains("unknown setting 'lop'") == true)
    // Named by itself it has to be one.
    var named = ManifestSource()
    try named.read("\(folder)/rules.yaml") { [] }
    #expect(!named.problems.isEmpty)
  }

  @Test("standard input is read with -")
  func input() throws {
    var source = ManifestSource()
    try source.read("-") { [user] in Array((user + "  role: user\n").utf8) }
    #expect(source.manifests.map(\.file) == ["stdin"])
  }

  @Test("the manifests of this repository are right")
  func repository() throws {
    let root = #filePath.split(separator: "/").dropLast(4).reduce(into: "") { $0 += "/\($1)" }
    var source = ManifestSource()
    try source.read("\(root)/manifests") { [] }
    #expect(source.problems == [])
    #expect(Set(source.manifests.map(\.id.kind)).count >= 8)
  }

  @Test("every field of every kind is declared with a word of help, and none twice")
  func declarations() {
    func check(_ fields: [ManifestField], _ path: String) {
      #expect(Set(fields.map(\.name)).count == fields.count, "\(path)")
      for field in fields {
        #expect(!field.help.isEmpty && !field.type.isEmpty, "\(path).\(field.name)")
        check(field.fields, "\(path).\(field.name)")
      }
    }
    for kind in ManifestKinds.all { check(kind.fields, kind.name) }
    #expect(ManifestField.find("members.role".split(separator: "."), in: RoomKind.fields)?.type == "member | admin")
  }
}
