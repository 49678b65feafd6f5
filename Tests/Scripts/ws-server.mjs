// node's `ws` as the server of a WebSocket client: echoes messages, and says first what was agreed on.
// Usage: node ws-server.mjs NODE_MODULES OPTIONS, the latter permessage-deflate's as JSON. Prints where it listens.
import { createRequire } from "node:module";

const [modules, options] = process.argv.slice(2);
const { WebSocketServer } = createRequire(modules + "/")("ws");
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: JSON.parse(options) });
server.on("listening", () => console.log(`listening on 127.0.0.1:${server.address().port}`));
server.on("connection", (socket) => {
  socket.send(JSON.stringify(socket._extensions["permessage-deflate"]?.params ?? {}));
  socket.on("message", (data, isBinary) => {
    // In two frames where there is something to divide.
    const middle = data.length >> 1;
    socket.send(data.subarray(0, middle), { binary: isBinary, fin: false });
    socket.send(data.subarray(middle), { binary: isBinary, fin: true });
  });
});
