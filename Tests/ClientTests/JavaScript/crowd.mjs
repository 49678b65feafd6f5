// Many official clients in one room, over all transports, some of which come and go.
import assert from "node:assert/strict";
import { ask, connect, group, main, person, send, seqs, until } from "./lib.mjs";

await main(async () => {
  const ann = await person("ann");
  const room = await group(ann);
  const kinds = [["polling"], ["websocket"], ["polling", "websocket"]];
  const sockets = await Promise.all(
    Array.from({ length: 90 }, (_, index) => connect(ann, { transports: kinds[index % 3] }, index % 2)),
  );
  for (const socket of sockets) {
    const join = () => ask(socket, "join", { conversationId: room, afterSeq: seqs(socket).at(-1) ?? 0 });
    socket.on("connect", () => join().catch((error) => console.log("a join failed:", error.message)));
    assert.equal((await join()).ok, true);
  }
  for (let index = 1; index <= 60; index += 1) {
    await send(ann, room, `m${index}`);
    if (index % 3 === 0) sockets[(index * 7) % sockets.length].io.engine.close();
  }
  for (const socket of sockets) {
    await until("sixty", () => seqs(socket).length >= 60);
    assert.deepEqual(seqs(socket), Array.from({ length: 60 }, (_, index) => index + 1));
  }
});
