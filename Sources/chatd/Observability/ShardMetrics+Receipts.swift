import ChatKit
import Metrics

extension ShardMetrics {
  func watch(_ writer: CursorWriter) {
    let depth = owner.gauge("chatd_cursor_queue", "Readers whose cursors wait for the batch writer.").with()
    let batches = owner.counter("chatd_cursor_batches_total", "Batches of cursors that were committed.").with()
    let moves = owner.counter("chatd_cursor_moves_total", "Moves of cursors that were asked for.").with()
    let written = owner.counter(
      "chatd_cursors_written_total", "Cursors that were committed; moves of one reader are merged."
    ).with()
    let retries = owner.counter("chatd_cursor_retries_total", "Batches of cursors that were sent again.").with()
    let told = owner.counter("chatd_receipts_told_total", "Receipts that the others of a room were told of.").with()
    onSample { [unowned writer] in
      depth.set(writer.depth)
      batches.set(total: writer.counters.batches)
      moves.set(total: writer.counters.moves)
      written.set(total: writer.counters.written)
      retries.set(total: writer.counters.retries)
      told.set(total: writer.counters.told)
    }
  }
}
