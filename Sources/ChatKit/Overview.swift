// ChatKit: the domain, shared by chatd and chatctl.
//
// Model/ values that travel · Accounts/ who people are · Conversations/ who may speak where · Messages/ how a message is
// stored and read · Outbox/ and Bus/ how its event leaves · Rooms/ how it is said to gateways and to other programs.
//
// Concurrency: services are made once a loop and used from that loop only; what they share is PostgreSQL and Redis.
// Errors: what a caller may see is a `ChatError` with a stable code; everything else is a fault of ours or of a backend
// and is mapped to one where it crosses the edge of a service.
