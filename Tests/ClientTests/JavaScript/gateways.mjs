// Members on two gateways that are two processes, over different transports.
import assert from "node:assert/strict";
import { ask, bodies, connect, group, main, person, send, seqs, until } from "./lib.mjs";

await main(async () => {
  const ann = await person("ann");
  const bob = await person("bob");
  const room = await group(ann, bob);
  const a = await connect(ann, { transports: ["websocket"] }, 0);
  const b = await connect(bob, { transports: ["polling"] }, 1);
  for (const socket of [a, b]) assert.equal((await ask(socket, "join", { conversationId: room })).ok, true);
  for (let index = 1; index <= 40; index += 1) {
    if (index % 3 === 0) await send(ann, room, `m${index}`);
    else assert.equal((await ask(index % 3 === 1 ? a : b, "message:send", { conversationId: room, body: `m${index}` })).message.seq, index);
  }
  for (const socket of [a, b]) {
    await until("forty", () => seqs(socket).length >= 40);
    assert.deepEqual(seqs(socket), Array.from({ length: 40 }, (_, index) => index + 1));
    assert.deepEqual(bodies(socket), Array.from({ length: 40 }, (_, index) => `m${index + 1}`));
  }
  await ask(b, "typing", { conversationId: room, isTyping: true });
  await until("typing", () => a.events.some((event) => event.name === "typing" && event.args[0].userId === bob.id));
});
