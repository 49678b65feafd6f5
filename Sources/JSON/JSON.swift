// JSON: RFC 8259 for hot paths, in two halves that share nothing.
//
// Writing. `JSONWriter` appends to one array and puts the commas itself; there is no tree and no encoder protocol with
// containers. What can be written is `JSONWritable`.
//
// Reading. `JSONDocument` copies its source once and validates all of it in one pass: grammar, UTF-8, escapes, depth and
// size. The pass leaves a tape of 16 bytes a value in the same block of memory; no value is allocated. A `JSONValue` is a
// position on that tape. Strings and numbers are decoded when asked for, and `rawBytes` are the exact bytes of the source,
// so what is only passed on is never encoded again.
//
// Concurrency. A document never changes after `init`, so documents and their values are `Sendable`. A writer is a value.
//
// Invariants. The source on the tape is followed by zero bytes, so that a scan needs no bounds check: zero is valid
// nowhere in JSON. Everything that a `JSONValue` reads has been validated, so reading cannot fail, only answer nil for
// another kind.
