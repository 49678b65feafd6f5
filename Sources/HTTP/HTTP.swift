// HTTP: HTTP/1.1 (RFC 9110, 9112) and WebSocket (RFC 6455) on the event loop, servers and clients.
//
// Pattern. The codecs (`Codec/`, `WebSocketDecoder`) are machines without I/O: they are given bytes and say what these
// mean. The connections (`Server/`, `WebSocketConnection`, `Client/`) perform it on a `Connection`. Routing is on top
// and optional: an `HTTPServer` takes any `(HTTPRequest, HTTPExchange) -> Void`, and `Router.handle` is one.
//
// Concurrency. Everything belongs to one loop and is touched on its thread only, but `HTTPRequest`, `HTTPResponse`,
// `HTTPHeaders` and `WebSocketFrame`, which are values.
//
// Lifecycle of a request. Bytes -> `HTTPRequestParser` -> `HTTPRequest` and its `HTTPExchange` -> the handler, which
// responds at once or later -> the answers are written in the order of the requests. A body is part of its request, or is
// handed over as it comes where a route wants that (`HTTPRequestBody`). A request that upgrades leaves
// HTTP for good: its `Connection` is handed to a `WebSocketConnection` and the HTTP state is freed.
//
// Invariants. A head is refused rather than repaired: what two implementations could read differently is answered 400
// and the connection is closed. Everything from outside has a limit. While an answer is awaited the connection is still
// read, so that a client that leaves is noticed.
