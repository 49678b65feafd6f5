// Kafka: producer, consumer and administration on librdkafka.
//
// Concurrency. librdkafka has threads of its own for the network; what they have to say waits in queues, and a
// descriptor becomes readable when a queue is no longer empty. The loop watches it (`KafkaHandle`) and serves the queues
// without blocking; no thread of ours polls. What can only be asked by blocking (metadata, watermarks, offsets for times,
// the end of a client) is asked on `KafkaHandle.threads`.
//
// Lifecycle. A client is closed explicitly; its end is awaited and runs on a worker thread, for it takes as long as the
// requests under way. C pointers do not leave this module: records and answers are copied out where they arrive.
//
// Invariants. A record's delivery is reported exactly once. A consumer's offset is committed after its handler has
// returned, and never beyond; a partition is given back when nothing of it is in the handler and its commit is answered,
// or after the handler's patience has run out, and then without a commit. Records that are not asked for stay in
// librdkafka's queue of their partition, which is bounded: that is the consumer's back-pressure.
