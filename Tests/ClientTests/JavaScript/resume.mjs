// Cuts of every kind, and what the client does by itself: it reconnects, joins from its cursor, and lacks nothing.
// It says RESTART when the gateway is to be restarted.
import assert from "node:assert/strict";
import { ask, connect, group, main, person, send, seqs, until } from "./lib.mjs";

const transports = process.argv[2].split("+");

await main(async () => {
  const ann = await person("ann");
  const room = await group(ann);
  const socket = await connect(ann, { transports });
  let connects = 1;
  const join = async () => {
    const ack = await ask(socket, "join", { conversationId: room, afterSeq: seqs(socket).at(-1) ?? 0 });
    assert.equal(ack.ok, true);
    assert.equal(ack.reset, undefined);
  };
  // As an app does it: join whenever there is a new connection.
  socket.on("connect", () => {
    connects += 1;
    join().catch((error) => console.log("a join failed:", error.message));
  });
  await join();
  let sent = 0;
  const say = async (count) => {
    for (let index = 0; index < count; index += 1) {
      sent += 1;
      await send(ann, room, `m${sent}`);
    }
  };
  const complete = async (what) => {
    await until(what, () => seqs(socket).length >= sent, 20_000);
    assert.deepEqual(seqs(socket), Array.from({ length: sent }, (_, index) => index + 1), what);
  };

  await say(5);
  await complete("live messages");
  for (let round = 0; round < 5; round += 1) {
    const before = connects;
    // The transport breaks; messages are sent while the client is away and while it comes back.
    socket.io.engine.close();
    await say(10);
    await until("the reconnect", () => connects > before);
    await say(5);
    await complete(`after cut ${round}`);
  }

  const before = connects;
  console.log("RESTART");
  await until("the cut", () => !socket.connected, 20_000);
  await say(10);
  await until("the reconnect", () => connects > before, 20_000);
  await say(10);
  await complete("after the restart");

  // From a seq that is in the future: told to read the history again.
  const other = await connect(ann, { transports }, 1);
  assert.equal((await ask(other, "join", { conversationId: room, afterSeq: 100_000 })).reset, true);
  // On the other gateway, all of it.
  assert.equal((await ask(other, "join", { conversationId: room, afterSeq: 0 })).replayed, sent);
  assert.deepEqual(seqs(other), seqs(socket));
});
