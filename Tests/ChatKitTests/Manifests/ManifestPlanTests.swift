import ChatKit
import Primitives
import Testing

@Suite struct ManifestPlanTests {
  private let ann = Manifest(
    ManifestID("User", "ann", workspace: "main"),
    spec: .fields([("role", .string("admin")), ("disabled", .boolean(false))]))
  private let room = Manifest(
    ManifestID("Room", "general", workspace: "main"),
    spec: .fields([
      ("type", .string("channel")), ("title", .string("General")), ("membership", .string("exact")),
      ("members", .list([member("ann", "admin"), member("bob", "member")])),
    ]))

  private static func member(_ user: String, _ role: String) -> ManifestValue {
    .fields([("user", .string(user)), ("role", .string(role))])
  }

  private func plan(
    _ manifests: [Manifest], _ states: [ManifestID: ManifestValue] = [:], records: [(ManifestID, String)] = [],
    _ options: ManifestPlan.Options = ManifestPlan.Options()
  ) throws -> ManifestPlan {
    var state = ManifestPlan.State()
    (state.schema, state.neededSchema) = (13, 13)
    state.states = states
    for (id, owner) in records {
      state.records[id] = ManifestOwners.Record(id: id, owner: owner, object: nil, appliedAt: .now(), hash: "")
    }
    return try ManifestPlan(manifests, state, options)
  }

  @Test("what is not there is made, users before the rooms that they are in")
  func creation() throws {
    let plan = try plan([room, ann])
    #expect(plan.changes.map(\.id.kind) == ["User", "Room"])
    #expect(plan.changes.allSatisfy { $0.action == .create } && plan.risk == .safe)
  }

  @Test("only what the manifest names is compared, and what is so is no change")
  func sameness() throws {
    let state = ManifestValue.fields([
      ("displayName", .string("whatever")), ("role", .string("admin")), ("disabled", .boolean(false)),
    ])
    #expect(try plan([ann], [ann.id: state]).changes.isEmpty)
    let other = try plan([ann], [ann.id: state.setting("role", .string("user"))])
    #expect(
      other.changes.map(\.differences) == [
        [
          ManifestDifference(
            "role", from: .string("user"), to: .string("admin"), .caution, "administers the workspace from then on")
        ]
      ])
  }

  @Test("members come, go and change by name; who is not named goes only where that is said")
  func members() throws {
    let state = ManifestValue.fields([
      ("type", .string("channel")), ("title", .string("General")),
      ("members", .list([Self.member("ANN", "member"), Self.member("eve", "member")])),
    ])
    let found = try plan([room], [room.id: state]).changes[0].differences
    #expect(found.map(\.field) == ["members.ann", "members.bob", "members.eve"])
    #expect(found.map(\.risk) == [.caution, .safe, .caution])
    let open = Manifest(room.id, spec: room.spec.setting("membership", .string("atLeast")))
    #expect(try plan([open], [room.id: state]).changes[0].differences.count == 2)
  }

  @Test("what is decided for ever is impossible to change")
  func impossible() throws {
    let state = ManifestValue.fields([
      ("type", .string("group")), ("title", .string("General")), ("members", .list([])),
    ])
    #expect(try plan([room], [room.id: state]).risk == .impossible)
  }

  @Test("pruning removes only what is the owner's, in the other order, and not more than it may")
  func pruning() throws {
    let states = [ann.id: ann.spec, room.id: room.spec]
    let records = [(ann.id, "ops"), (room.id, "ops"), (ManifestID("User", "zoe", workspace: "main"), "others")]
    var options = ManifestPlan.Options(owner: "ops", prunes: true)
    let plan = try plan([], states, records: records, options)
    #expect(plan.changes.map(\.id) == [room.id, ann.id] && plan.changes.allSatisfy { $0.action == .delete })
    options.pruneLimit = 1
    #expect(throws: ManifestError.self) { try self.plan([], states, records: records, options) }
    options.prunes = false
    let kept = try self.plan([], states, records: records, options)
    #expect(kept.changes.isEmpty && kept.notes.first?.contains("--prune") == true)
  }

  @Test("what is another owner's is taken over only with a word")
  func owners() throws {
    let plan = try plan([ann], [ann.id: ann.spec], records: [(ann.id, "others")], ManifestPlan.Options(owner: "ops"))
    #expect(plan.changes.map(\.risk) == [.caution] && plan.changes[0].differences[0].field == "owner")
    // What is recorded without an owner is nobody's.
    #expect(try self.plan([ann], [ann.id: ann.spec], records: [(ann.id, "")]).changes.isEmpty)
  }

  @Test("the hash is that of the state: the order does not matter, a change does")
  func hash() throws {
    let other = ManifestValue.fields([("disabled", .boolean(false)), ("role", .string("admin"))])
    let one = try plan([ann, room], [ann.id: ann.spec])
    #expect(try plan([room, ann], [ann.id: other]).stateHash == one.stateHash)
    #expect(try plan([ann, room], [ann.id: other.setting("role", .string("user"))]).stateHash != one.stateHash)
    #expect(try plan([ann, room]).stateHash != one.stateHash)
    #expect(try plan([ann, room], [ann.id: ann.spec], records: [(ann.id, "x")]).stateHash != one.stateHash)
  }

  @Test("a key policy takes the step that is due, and one at a time")
  func keys() throws {
    let now = Timestamp.now()
    func key(_ version: Int, _ state: String, _ age: Duration, needed: Bool = true) -> ManifestValue {
      let at = ManifestValue.string("\(now - age)")
      return .fields([
        ("version", .integer(version)), ("state", .string(state)), ("activatedAt", at), ("disabledAt", at),
        ("needed", .boolean(needed)),
      ])
    }
    func steps(_ keys: [ManifestValue]) throws -> [String] {
      let policy = Manifest(
        ManifestID("KeyPolicy", "messages"),
        spec: .fields([
          ("rotateAfter", .string("1h")), ("disableAfter", .string("10m")), ("destroyAfter", .string("2h")),
        ]))
      let changes = try plan([policy], [policy.id: .fields([("keys", .list(keys))])]).changes
      return changes.flatMap(\.differences).map { "\($0.field)=\($0.to?.text ?? "-") \($0.risk.rawValue)" }
    }
    #expect(try steps([]) == ["active=1 safe"])
    #expect(try steps([key(1, "active", .seconds(60))]) == [])
    #expect(try steps([key(1, "active", .seconds(7200))]) == ["active=2 caution"])
    #expect(try steps([key(1, "active", .seconds(7200)), key(2, "enabled", .zero)]) == ["active=2 caution"])
    #expect(
      try steps([key(1, "enabled", .seconds(7200), needed: false), key(2, "active", .seconds(1200))])
        == ["keys.1=disabled caution"])
    #expect(try steps([key(1, "enabled", .seconds(7200)), key(2, "active", .seconds(1200))]) == [])
    #expect(
      try steps([key(1, "disabled", .seconds(7201), needed: false), key(2, "active", .seconds(1200))])
        == ["keys.1=destroyed destructive"])
  }

  @Test("a key policy of a workspace takes the next number of all, and one scope has one policy")
  func workspaceKeys() throws {
    let policy = Manifest(
      ManifestID("KeyPolicy", "acme"), spec: .fields([("workspace", .string("acme")), ("rotateAfter", .string("1h"))]))
    let state = ManifestValue.fields([("keys", .list([])), ("next", .integer(7))])
    let found = try plan([policy], [policy.id: state])
    #expect(found.changes.flatMap(\.differences).map(\.to) == [.integer(7)])
    #expect(found.notes.contains { $0.contains("rotateAfter") && $0.contains("timer") })
    let other = Manifest(ManifestID("KeyPolicy", "again"), spec: .fields([("workspace", .string("acme"))]))
    let all = Manifest(ManifestID("KeyPolicy", "all"), spec: .empty)
    #expect(KeyPolicyKind.conflicts([policy, all]).isEmpty)
    #expect(KeyPolicyKind.conflicts([policy, all, other]).map(\.manifest.id) == [other.id])
  }

  @Test("that time makes more of it older does not move a state; that there is any of it does")
  func retention() throws {
    let policy = Manifest(
      ManifestID("RetentionPolicy", "short", workspace: "main"), spec: .fields([("messages", .string("24h"))]))
    func hash(_ count: Int) throws -> String {
      try plan([policy], [policy.id: .fields([("messages", .integer(count))])]).stateHash
    }
    #expect(try hash(100) == hash(105))
    #expect(try hash(0) != hash(5))
    #expect(
      try plan([policy], [policy.id: .fields([("messages", .integer(0))])]).notes.first?.contains("timer") == true)
  }
}
