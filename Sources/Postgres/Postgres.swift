// Postgres: an asynchronous client on libpq, on one event loop.
//
// Pattern. libpq speaks the protocol, the loop tells it when its socket can be read or written, and nothing here ever
// blocks: names are resolved beforehand on a worker thread, PQcancel runs on one, and everything else is libpq's
// nonblocking interface in pipeline mode. A `PostgresConnection` takes any number of requests before the first is
// answered. Each request is a group of its own (it ends in a Sync), so an error ends that request and no other, and a
// request is answered only at its Sync, which is after the commit.
//
// Values travel in PostgreSQL's binary format. `PostgresEncodable` values are copied into `PostgresParameters`;
// `PostgresRows` owns the server's result and decodes straight out of it. Statements are prepared at first use and
// kept per connection in a bounded cache by their text and parameter types. C pointers stay in this module.
//
// Concurrency. `PostgresConnection`, `PostgresPool` and `PostgresTransaction` are confined to their loop; call them
// from tasks that run on it. `PostgresRows` and `PostgresError` may go anywhere.
//
// Lifecycle. A connection is connecting, then open, then closed for good; it never reconnects. The pool replaces
// connections that have closed, with backoff.
//
// Invariants.
// - A request that fails says whether it may have happened: `PostgresError.outcome` is `.notExecuted` only where the
//   server has rolled it back or never saw it, and `.unknown` where the connection ended between sending and answer.
// - A request is completed exactly once.
// - For a cancelled task, PQcancel is used only while its request is alone in flight. At a deadline the oldest request is
//   cancelled with others behind it; should it end at that moment, the next one can be hit, and fails with 57014.
