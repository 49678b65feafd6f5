// Kafka: producer, consumer and administration on librdkafka.
//
// Concurrency. librdkafka has threads of its own for the network; what they have to say waits in a queue, and a
// descriptor becomes readable when the queue is no longer empty. The loop watches it (`KafkaHandle`) and serves the queue
// without blocking; no thread of ours polls. What can only be asked by blocking (watermarks, offsets for times) is asked
// on `WorkerThreads.blocking`.
//
// Lifecycle. A handle is closed explicitly and destroyed on a worker thread, for that blocks too. C pointers do not leave
// this module: records are copied out where they arrive.
//
// Invariants. A record's delivery is reported exactly once. A consumer's offset is committed after its handler has
// returned, and never beyond; a partition is given back when nothing of it is in the handler and its commit is answered.

import CKafka
