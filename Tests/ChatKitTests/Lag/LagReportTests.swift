import ChatKit
import Primitives
import Testing

@Suite("The verdict on lag")
struct LagReportTests {
  private static let start = Timestamp(seconds: 1_700_000_000)

  /// A healthy sample, `seconds` after the start, of which a test changes what it is about.
  private static func sample(
    at seconds: Int64 = 2, messages: Int? = 10, done: Int? = 100, waited: Int64? = 1,
    _ change: (inout LagSample) -> Void = { _ in }
  ) -> LagSample {
    let at = start + .seconds(seconds)
    var sample = LagSample(
      group: "gateway", topic: "chat.events", partition: 0, state: .stable, owner: "a", position: done.map { "\($0)" },
      end: "1000", messages: messages, oldest: waited.map { at - .seconds($0) }, done: done,
      arrived: messages.flatMap { messages in done.map { $0 + messages } }, at: at)
    change(&sample)
    return sample
  }

  private static func verdict(_ before: LagSample?, _ sample: LagSample) -> LagVerdict {
    LagReport(before, sample).verdict
  }

  @Test("nothing that waits is OK, and has no age, whatever the last record's time is")
  func idle() {
    let report = LagReport(Self.sample(at: 0, messages: 0), Self.sample(messages: 0, waited: 500))
    #expect(report.verdict == .ok && report.age == nil && report.drain == .zero)
  }

  @Test("rates are told by two samples, and the end by what is done beyond what comes")
  func rates() {
    let report = LagReport(Self.sample(at: 0, messages: 100, done: 0), Self.sample(at: 2, messages: 60, done: 60))
    #expect(report.consumed == 30 && report.produced == 10 && report.drain == .seconds(3))
    #expect(report.verdict == .ok && report.reason == "it moves: 30/s are done, 10/s come, all is done in 3.0 s")
    let growing = LagReport(
      Self.sample(at: 0, messages: 10, done: 0), Self.sample(at: 2, messages: 50, done: 10, waited: 3))
    #expect(growing.drain == nil && growing.verdict == .warning && growing.reason.hasPrefix("more comes than is done"))
    #expect(LagReport(nil, Self.sample()).consumed == nil)
  }

  @Test("waiting has two thresholds")
  func thresholds() {
    let before = Self.sample(at: 0, done: 0)
    #expect(Self.verdict(before, Self.sample(waited: 9)) == .ok)
    #expect(Self.verdict(before, Self.sample(waited: 10)) == .warning)
    #expect(Self.verdict(before, Self.sample(waited: 300)) == .critical)
    let patient = LagThresholds(warning: .seconds(1000), critical: .seconds(2000))
    #expect(LagReport(before, Self.sample(waited: 300), thresholds: patient).verdict == .ok)
  }

  @Test("no progress is critical only for what was there at the first sample already")
  func stuck() {
    let before = Self.sample(at: 0, done: 100)
    let report = LagReport(before, Self.sample(done: 100, waited: 2))
    #expect(report.verdict == .critical)
    #expect(report.reason == "no progress at 100 within 2.0 s; the oldest has waited 2.0 s")
    #expect(Self.verdict(before, Self.sample(done: 100, waited: 1)) == .ok)
    #expect(Self.verdict(Self.sample(at: 0, messages: 0, done: 100), Self.sample(done: 100, waited: 2)) == .ok)
    #expect(Self.verdict(before, Self.sample(done: 101, waited: 2)) == .ok)
    // A group that has never committed, too.
    #expect(Self.verdict(Self.sample(at: 0, done: nil), Self.sample(done: nil, waited: 9)) == .critical)
  }

  @Test("a partition that nobody reads is critical, but while the group deals its partitions, or has nothing to do")
  func unassigned() {
    func verdict(_ state: LagSample.State, messages: Int?) -> LagVerdict {
      Self.verdict(nil, Self.sample(messages: messages) { ($0.owner, $0.state) = (nil, state) })
    }
    #expect(verdict(.stable, messages: 0) == .critical)
    #expect(verdict(.stable, messages: 5) == .critical)
    #expect(verdict(.empty, messages: 5) == .critical)
    #expect(verdict(.empty, messages: 0) == .warning)
    #expect(verdict(.rebalancing, messages: 5) == .warning)
    #expect(verdict(.unknown, messages: 5) == .unknown)
  }

  @Test("data that was deleted is critical before anything else; what cannot be told is unknown")
  func lostAndUnknown() {
    let lost = LagReport(nil, Self.sample(messages: 0) { $0.lost = 1 })
    #expect(lost.verdict == .critical && lost.reason == "1 record deleted before the group had done them")
    #expect(Self.verdict(nil, Self.sample { $0.failure = "no leader" }) == .unknown)
    #expect(Self.verdict(nil, Self.sample(messages: nil)) == .unknown)
    // The age is known all the same.
    #expect(Self.verdict(nil, Self.sample(messages: nil, waited: 400)) == .critical)
  }

  @Test("a clock that is behind the bus makes no negative age")
  func clocks() { #expect(LagReport(nil, Self.sample(waited: -30)).age == .zero) }

  @Test("the worst is what is known to be bad")
  func order() { #expect([LagVerdict.critical, .ok, .unknown, .warning].max() == .critical) }
}
