import JSON
import Load
import Testing

@Suite("Comparing runs")
struct ComparisonTests {
  private func judge(
    _ metric: String, _ before: Double, _ after: Double, tolerance: Double = 0.1
  ) -> LoadComparison.Judgement? {
    let comparison = LoadComparison(
      .init(scenario: "a", metrics: [metric: before]), .init(scenario: "a", metrics: [metric: after]),
      tolerance: tolerance, floor: 0.001)
    return comparison.lines.first?.judgement
  }

  @Test("more is better for rates and worse for delays, and a little is nothing")
  func directions() {
    #expect(judge("send.rate", 1000, 950) == .same)
    #expect(judge("send.rate", 1000, 890) == .worse)
    #expect(judge("send.rate", 1000, 1200) == .better)
    #expect(judge("delivery.p99", 0.050, 0.054) == .same)
    #expect(judge("delivery.p99", 0.050, 0.060) == .worse)
    #expect(judge("delivery.p99", 0.050, 0.040) == .better)
    #expect(judge("delivery.p99", 0.050, 0.060, tolerance: 0.3) == .same)
    // Twice as long, and not worth a word.
    #expect(judge("delivery.p50", 0.0005, 0.001) == .same)
  }

  @Test("a loss is worse whatever there was before, and what one run lacks is left out")
  func losses() {
    #expect(judge("lost", 0, 1) == .worse)
    #expect(judge("lost", 0, 0) == .same)
    #expect(judge("send.errorRate", 0, 0.0001) == .worse)
    let comparison = LoadComparison(
      .init(scenario: "a", metrics: ["lost": 0]), .init(scenario: "a", metrics: ["send.p99": 1, "lost": 2]),
      tolerance: 0.1, floor: 0)
    #expect(comparison.lines.map(\.metric.name) == ["lost"] && comparison.isWorse)
  }

  @Test("extremes are compared only when they are asked for")
  func chosen() {
    #expect(judge("delivery.max", 1, 2) == nil)
    let comparison = LoadComparison(
      .init(scenario: "a", metrics: ["delivery.max": 1, "send.count": 5]),
      .init(scenario: "a", metrics: ["delivery.max": 2, "send.count": 9]), metrics: ["delivery.max", "send.count"],
      tolerance: 0.1, floor: 0)
    #expect(comparison.lines.map(\.judgement) == [.changed, .worse])
  }

  @Test("what is no report is refused")
  func refused() throws {
    let root = try JSONDocument(parsing: "{\"kind\":\"LoadScenario\"}").root
    #expect(throws: LoadFailure.self) { _ = try LoadComparison.Side(root) }
  }
}

@Suite("Whether the generator kept up")
struct GeneratorTests {
  @Test("it says so when it began late or had no core left")
  func bottleneck() {
    #expect(GeneratorHealth.bottleneck(lateness: 0.002, cpu: 0.4) == nil)
    #expect(GeneratorHealth.bottleneck(lateness: 0.030, cpu: 0.4)?.contains("30 ms late") == true)
    #expect(GeneratorHealth.bottleneck(lateness: 0.002, cpu: 0.97)?.contains("97 % of its core") == true)
  }

  @Test("figures are read as people read them")
  func texts() {
    #expect(Figures.text(0.0123, .duration) == "12.3 ms")
    #expect(Figures.text(0.00042, .duration) == "420 µs")
    #expect(Figures.text(3.14159, .duration) == "3.14 s")
    #expect(Figures.text(1_234_567, .count) == "1,234,567")
    #expect(Figures.text(998.6, .rate) == "999/s")
    #expect(Figures.text(0.001, .ratio) == "0.1 %")
  }
}
