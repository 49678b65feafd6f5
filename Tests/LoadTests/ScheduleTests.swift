import Load
import Testing

@Suite("When operations are due")
struct ScheduleTests {
  private func times(_ schedule: ArrivalSchedule) -> [UInt64] {
    var schedule = schedule
    var times: [UInt64] = []
    while let time = schedule.next() { times.append(time) }
    return times
  }

  @Test("a constant rate is evenly spaced, and as many as it says")
  func uniform() {
    let all = times(ArrivalSchedule([.init(from: 100, to: 100, seconds: 2)], spacing: .uniform, seed: 1))
    #expect(all.count == 200)
    #expect(all[0] == 10_000_000)
    for (earlier, later) in zip(all, all.dropFirst()) { #expect((9_999_990...10_000_010).contains(later - earlier)) }
  }

  @Test("a ramp has the area beneath it, and half of a linear one in its last 29 %")
  func ramp() {
    let all = times(ArrivalSchedule([.init(from: 0, to: 1000, seconds: 10)], spacing: .uniform, seed: 1))
    #expect(all.count == 5000)
    let late = all.filter { $0 > 7_071_067_811 }.count
    #expect((2499...2501).contains(late))
  }

  @Test("stages follow each other without a gap, and a stage of nothing is a pause")
  func stages() {
    let schedule = ArrivalSchedule(
      [
        .init(from: 10, to: 10, seconds: 1), .init(from: 0, to: 0, seconds: 5), .init(from: 10, to: 20, seconds: 2),
      ], spacing: .uniform, seed: 1)
    let all = times(schedule)
    #expect(all.count == 40)
    #expect(all.filter { $0 <= 1_000_000_000 }.count == 10)
    #expect(!all.contains { $0 > 1_000_000_000 && $0 < 6_000_000_000 })
    #expect(schedule.duration == 8_000_000_000)
    #expect(schedule.rate(at: 500_000_000) == 10)
    #expect(schedule.rate(at: 3_000_000_000) == 0)
    #expect(schedule.rate(at: 7_000_000_000) == 15)
    #expect(schedule.rate(at: 9_000_000_000) == 0)
  }

  @Test("Poisson arrivals have the rate on the average, its spread, and are the same for a seed")
  func poisson() {
    let stage = ArrivalSchedule.Stage(from: 1000, to: 1000, seconds: 20)
    let all = times(ArrivalSchedule([stage], spacing: .poisson, seed: 7))
    // 20,000 with a standard deviation of 141.
    #expect((19_400...20_600).contains(all.count))
    let gaps = zip(all, all.dropFirst()).map { Double($1 - $0) / 1e6 }
    let mean = gaps.reduce(0, +) / Double(gaps.count)
    let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
    #expect((0.97...1.03).contains(mean))
    // Of an exponential the deviation is the mean.
    #expect((0.95...1.05).contains(variance.squareRoot() / mean))
    #expect(times(ArrivalSchedule([stage], spacing: .poisson, seed: 7)) == all)
    #expect(times(ArrivalSchedule([stage], spacing: .poisson, seed: 8)) != all)
  }

  @Test("choices come as often as their weights say, and those of weight 0 never")
  func weights() {
    let choice = WeightedChoice([(value: "a", weight: 3), (value: "b", weight: 0), (value: "c", weight: 1)])
    var random = SeededRandom(seed: 3)
    var counts: [String: Int] = [:]
    for _ in 0..<40_000 { counts[choice.next(&random), default: 0] += 1 }
    #expect(counts["b"] == nil)
    #expect((29_500...30_500).contains(counts["a"] ?? 0))
    #expect((counts["a"] ?? 0) + (counts["c"] ?? 0) == 40_000)
  }
}
