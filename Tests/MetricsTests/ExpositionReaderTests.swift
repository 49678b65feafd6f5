import Metrics
import Testing

@Suite("Reading metrics")
struct ExpositionReaderTests {
  private let page = """
    # HELP a_total Something.
    # TYPE a_total counter
    a_total{kind="x",place="a \\"b\\" \\\\ {c}, d"} 3
    a_total{kind="y"} 4.5 1700000000
    plain 7
    nothing
    broken{kind="x
    infinite +Inf
    wait_seconds_bucket{le="0.1"} 10
    wait_seconds_bucket{le="1"} 30
    wait_seconds_bucket{le="+Inf"} 40
    """

  @Test("names, labels and values are read, whatever is in the labels; what is broken is passed over")
  func reading() {
    let reader = ExpositionReader(page)
    #expect(reader.samples("a_total").map(\.value) == [3, 4.5])
    #expect(reader.samples("a_total")[0].labels == ["kind": "x", "place": "a \"b\" \\ {c}, d"])
    #expect(reader.sum("a_total") == 7.5 && reader.sum("a_total", where: ["kind": "y"]) == 4.5)
    #expect(reader.sum("a_total", where: ["kind": "z"]) == nil && reader.sum("missing") == nil)
    #expect(reader.sum("plain") == 7 && reader.sum("infinite") == .infinity)
    #expect(reader.samples("nothing").isEmpty && reader.samples("broken").isEmpty)
  }

  @Test("a quantile is of what came between two readings")
  func quantiles() {
    let before = ExpositionReader(page).buckets("wait_seconds")
    #expect(before.map(\.count) == [10, 30, 40] && before.last?.bound == .infinity)
    let after = [(bound: 0.1, count: 10.0), (bound: 1, count: 130), (bound: .infinity, count: 140)]
    #expect(ExpositionReader.quantile(0.5, before, after) == 0.1 + 0.9 * 0.5)
    #expect(ExpositionReader.quantile(1, before, after) == 1)
    #expect(ExpositionReader.quantile(0.99, before, before) == nil)
    // What lies beyond the last bound is not known: the bound is.
    #expect(ExpositionReader.quantile(0.99, [], before) == 1)
  }
}
