// Load: puts a known load on chatd, measures what it does to those who wait, and verifies what came of it.
//
// Pattern. A `LoadScenario` (YAML) says who does how much of what. `ArrivalSchedule` makes times of it: an open model, in which
// operations are due whether the earlier ones are answered or not. `LoadRun` does them at those times with the users of a
// `Population`, each with a socket; `Recorder` keeps the latencies, from when an operation was *due*; `Verifier` is told what
// was sent, answered and received, and knows what is lost, came twice, out of order, or differently. `LoadReport` is what is
// left: figures by the names of `MetricName`, which thresholds, reports and comparisons speak of; it becomes JSON, and a page
// with plots (`ReportPage`).
//
// Concurrency. One loop, and everything of a run on its thread only. So the generator has one core: when that is not enough it
// says so (`GeneratorHealth`), and its latencies mean nothing.
//
// Lifecycle. connect -> warm up -> measure -> drain (until all that was answered has come, or for as long as the scenario
// says) -> report. `stop()` goes on with the drain at once.
//
// Invariants.
// - A room of a run has no other senders: its log is what the run has made of it, so seqs are checked one by one.
// - A socket that is lost comes back and joins with the seq that it has; what it missed has to come then.
// - A latency is of what was asked for, never of what was left: nothing is dropped when the server is slow.
