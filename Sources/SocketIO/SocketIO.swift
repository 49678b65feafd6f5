// SocketIO: Engine.IO 4 and Socket.IO 5 for servers, as the official clients speak them.
//
// Two layers. Engine.IO makes one session out of HTTP long-polling and WebSocket: `EngineIOMachine` decides (no I/O, it
// is tested by its transitions), `EngineIOSession` performs, `EngineIOServer` answers requests and owns the sessions of
// one loop. Socket.IO puts namespaces, events, acknowledgements and attachments into Engine.IO's messages:
// `SocketIOPacketDecoder` and `NamespaceMembership` decide, `SocketIOConnection` performs (one a session), `Socket` is
// what the application holds (one a namespace and session), `SocketIOServer` ties them together.
//
// Concurrency. Everything of a session lives on one loop, that of the server which opened it. Loops share nothing: a
// session's identifier carries the index of its loop, so a request that arrives on another one is handed over and its
// answer handed back; a WebSocket that arrives on another loop is moved, descriptor and all, to the session's loop,
// where it stays. The only objects that loops share are immutable: `PreparedPacket`, configurations.
//
// Lifecycle. open -> (upgrade) -> closed. A session is kept by its server's table until it is closed; the application
// is told exactly once per socket (`onDisconnect`), with the reason. Deadlines (heartbeats, the first CONNECT) of all
// sessions of a loop hang in one `DeadlineWheel` behind one timer.
//
// Invariants. Messages of one session arrive and leave in order, through an upgrade too. Nothing that a peer can make
// grow is without a limit: payloads, attachments, packets that wait for a poll, bytes that wait for a slow socket,
// packets that arrive before a namespace has answered.
