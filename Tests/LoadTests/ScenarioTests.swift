import ChatKit
import Load
import Primitives
import Testing
import YAML

@Suite("Scenarios of load")
struct ScenarioTests {
  private func scenario(_ spec: String) throws(YAMLError) -> LoadScenario {
    let indented = spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    let text = "apiVersion: chatd/v1\nkind: LoadScenario\nmetadata: {name: test}\nspec:\n\(indented)\n"
    return try LoadScenario(Array(text.utf8), file: "test.yaml")
  }

  private func complaint(_ spec: String) -> String {
    do throws(YAMLError) {
      _ = try scenario(spec)
      return "none"
    } catch {
      return error.description
    }
  }

  private static let least = "users: 10\nrooms: [{count: 2, members: 5}]\nstages: [{for: 10s, rate: 5}]"

  @Test("the least there can be has everything else by default")
  func defaults() throws {
    let scenario = try scenario(Self.least)
    #expect(scenario.name == "test" && scenario.users == 10 && scenario.roomCount == 2)
    #expect(scenario.stages == [.init(from: 5, to: 5, seconds: 10)])
    #expect(scenario.mix.map(\.kind) == [.send] && scenario.sizes.map(\.bytes) == [60])
    #expect(scenario.transport == .http && scenario.connections == 64 && scenario.spacing == .poisson)
    #expect(scenario.thresholds.map(\.description) == LoadScenario.invariants)
  }

  @Test("everything that can be said is read")
  func everything() throws {
    let scenario = try scenario(
      """
      users: 100
      rooms:
        - {count: 3, members: 30}
        - {count: 1, members: 100, weight: 4, encrypted: true}
      connectRate: 500
      arrivals: uniform
      warmUp: 2s
      stages:
        - {for: 5s, to: 100}
        - {for: 1m, rate: 100}
        - {for: 5s, from: 80, to: 0}
      mix: {send: 5, history: 2, inbox: 1, markRead: 3, typing: 1, reconnect: 0.5}
      sizes: [{bytes: 60, weight: 9}, {bytes: 4KiB}]
      send: {via: socket, connections: 8, timeout: 3s}
      away: {from: 1s, to: 10s}
      drain: 1m
      seed: 42
      thresholds: ["delivery.p99 < 50ms", "lost <= 3"]
      """)
    #expect(scenario.stages.map(\.from) == [0, 100, 80] && scenario.stages.map(\.to) == [100, 100, 0])
    #expect(scenario.rooms[1].weight == 4 && scenario.rooms[1].encrypted)
    #expect(scenario.mix.count == 6 && scenario.sizes.map(\.bytes) == [60, 4096])
    #expect(
      scenario.transport == .socket && scenario.timeout == .seconds(3) && scenario.away == .seconds(1) ... .seconds(10))
    #expect(scenario.seed == 42 && scenario.drain == .seconds(60) && scenario.warmUp == .seconds(2))
    // What the scenario says of a figure replaces what always holds.
    #expect(
      scenario.thresholds.map(\.description) == [
        "delivery.p99 < 50ms", "lost <= 3", "duplicates == 0", "misordered == 0", "mismatched == 0",
      ])
  }

  @Test("users are spread evenly over the rooms")
  func memberships() throws {
    let scenario = try scenario("users: 10\nrooms: [{count: 5, members: 4}]\nstages: [{for: 1s, rate: 5}]")
    var counts: [Int: Int] = [:]
    for room in scenario.memberships() {
      #expect(Set(room.members).count == 4)
      for member in room.members { counts[member, default: 0] += 1 }
    }
    #expect(counts.count == 10 && counts.values.allSatisfy { $0 == 2 })
  }

  @Test(
    "what cannot be run is refused at its place",
    arguments: [
      (
        "users: 10\nrooms: [{count: 2, members: 5}]\nstagse: [{for: 10s, rate: 5}]", "test.yaml:7:3: ",
        "did you mean 'stages'?"
      ),
      ("users: 1\nrooms: [{count: 2, members: 5}]\nstages: [{for: 10s, rate: 5}]", "test.yaml:5:10: ", "from 2 to"),
      (
        "users: 10\nrooms: [{count: 2, members: 50}]\nstages: [{for: 10s, rate: 5}]", "test.yaml:6:10: ",
        "more than 10 users"
      ),
      ("users: 10\nrooms: [{count: 2, members: 5}]\nstages: [{for: 10, rate: 5}]", "test.yaml:7:18: ", "a duration"),
      ("users: 10\nrooms: [{count: 2, members: 5}]\nstages: [{for: 10s}]", "test.yaml:7:12: ", "rate"),
      (
        "users: 10\nrooms: [{count: 2, members: 5}]\nstages: [{for: 10s, rate: 1, to: 5}]", "test.yaml:7:29: ",
        "a rate, or"
      ),
      (
        "users: 10\nrooms: [{count: 2, members: 5}]\nstages: [{for: 10s, rate: 0}]", "test.yaml:7:11: ",
        "nothing happens"
      ),
      (least + "\nmix: {snd: 1}", "test.yaml:8:", "snd"),
      (least + "\nmix: {send: 0}", "test.yaml:8:8: ", "nothing is done"),
      (least + "\nsizes: [{bytes: 1MiB}]", "test.yaml:8:19: ", "16 KiB"),
      (least + "\nwarmUp: 10s", "test.yaml:8:11: ", "as long as the run"),
      (least + "\nsend: {via: pigeon}", "test.yaml:8:15: ", "http, socket"),
      (least + "\naway: {from: 3s, to: 1s}", "test.yaml:8:24: ", "shorter"),
      (least + "\nthresholds: [\"delivery.p98 < 50ms\"]", "test.yaml:8:16: ", "did you mean 'delivery.p9"),
      (least + "\nthresholds: [\"lots == 0\"]", "test.yaml:8:16: ", "did you mean 'lost'?"),
      (least + "\nthresholds: [\"delivery.p99 < 50\"]", "test.yaml:8:16: ", "a duration such as 100ms"),
      (least + "\nthresholds: [\"delivery.p99 fast\"]", "test.yaml:8:16: ", "is not like"),
    ])
  func refusals(_ spec: String, _ place: String, _ reason: String) {
    let found = complaint(spec)
    #expect(found.contains(place), "\(found)")
    #expect(found.contains(reason), "\(found)")
  }

  @Test("another kind is none")
  func kind() {
    let text = "apiVersion: chatd/v1\nkind: Server\nmetadata: {name: x}\nspec: {}\n"
    #expect(throws: YAMLError.self) { _ = try LoadScenario(Array(text.utf8), file: "x.yaml") }
  }
}

@Suite("Thresholds of load")
struct ThresholdTests {
  @Test(
    "a figure is compared in its unit",
    arguments: [
      ("delivery.p99 < 100ms", 0.0999, true), ("delivery.p99 < 100ms", 0.1, false),
      ("delivery.p99 <= 100ms", 0.1, true),
      ("send.errorRate < 0.1%", 0.0011, false), ("send.errorRate < 0.1%", 0.0009, true),
      ("send.rate >= 990/s", 990, true), ("send.rate > 990", 990, false), ("lost == 0", 0, true),
      ("lost == 0", 1, false),
    ])
  func comparing(_ text: String, _ value: Double, _ holds: Bool) throws {
    #expect(try Threshold(text).holds(value) == holds)
  }

  @Test("what was not measured does not hold")
  func missing() throws { #expect(try Threshold("history.p99 < 1s").holds(nil) == false) }

  @Test("every metric can be asked of, and a mistake finds it again")
  func names() throws {
    #expect(MetricName.all.count == Set(MetricName.all.map(\.name)).count)
    for metric in MetricName.all {
      let bound = metric.kind == .duration ? "1s" : "1"
      #expect(try Threshold("\(metric.name) < \(bound)").metric == metric.name)
    }
    #expect(MetricName.suggestion(for: "delivry.p99") == "delivery.p99")
    #expect(MetricName.suggestion(for: "generator.latness.p99") == "generator.lateness.p99")
  }
}

extension ScenarioTests {
  @Test("who reads manifests is told what 'load run' would say, at the same place")
  func manifest() throws {
    let text =
      "apiVersion: chatd/v1\nkind: LoadScenario\nmetadata: {name: x, labels: {team: a}}\nspec:\n  users: 10\n"
      + "  rooms: [{count: 2, members: 5}]\n  stages: [{for: 10s, rate: 5}]\n"
    func problems(_ more: String) throws -> [String] {
      let root = try YAMLNode.documents(in: Array((text + more).utf8), file: "x.yaml")[0]
      return LoadScenario.document.problems(root).map(\.description)
    }
    #expect(try problems("") == [])
    let wrong = try problems("  thresholds: [delivery.p98 < 1ms]\n")
    #expect(wrong.count == 1 && wrong[0].hasPrefix("x.yaml:8:16: "), "\(wrong)")
    #expect(wrong[0].contains("there is no metric 'delivery.p98'; did you mean 'delivery.p9"), "\(wrong)")
    #expect(try problems("  arivals: uniform\n").first?.hasPrefix("x.yaml:8:3: unknown key 'arivals'") == true)
    var source = ManifestSource(documents: [LoadScenario.document])
    try source.parse(Array((text + "  seed: x\n").utf8), file: "x.yaml", folder: "", isNamed: true)
    #expect(source.problems.count == 1 && source.manifests.map(\.id.name) == ["x"])
  }

  @Test("what is explained is what is read")
  func explained() throws {
    // A value of no type that any key has: a key that is known complains of it, one that is not of the key.
    func isKnown(_ spec: String) -> Bool { !complaint(spec).contains("unknown key") }
    func check(_ fields: [ManifestField], _ place: (String) -> String) {
      for field in fields {
        #expect(isKnown(place("\(field.name): [[]]")), "\(field.name)")
        guard !field.fields.isEmpty else { continue }
        check(field.fields) { inner in
          place(field.type.hasPrefix("list") ? "\(field.name): [{\(inner)}]" : "\(field.name): {\(inner)}")
        }
      }
    }
    check(LoadScenario.fields) { part in
      let key = part.prefix { $0 != ":" }
      return ([part] + Self.least.split(separator: "\n").map(String.init).filter { !$0.hasPrefix(key) })
        .joined(separator: "\n")
    }
    #expect(!isKnown(Self.least + "\nnothing: 1"))
  }
}
