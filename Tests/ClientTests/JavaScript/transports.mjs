// The whole conversation over one transport: polling, websocket, or polling with an upgrade (argument 2).
import assert from "node:assert/strict";
import { io } from "socket.io-client";
import { GATEWAYS, ask, bodies, call, connect, group, main, person, send, seqs, until } from "./lib.mjs";

const transports = process.argv[2].split("+");

await main(async () => {
  const ann = await person("ann");
  const bob = await person("bob");
  const eve = await person("eve");
  const room = await group(ann, bob);
  const options = { transports };
  const a = await connect(ann, options);
  const b = await connect(bob, options);
  assert.match(a.id, /^[A-Za-z0-9_-]{20}$/);
  assert.notEqual(a.id, b.id);
  if (transports.length === 2) {
    await until("the upgrade", () => a.io.engine.transport.name === "websocket");
    await until("the upgrade", () => b.io.engine.transport.name === "websocket");
  } else {
    assert.equal(a.io.engine.transport.name, transports[0]);
  }

  // Join, and send in both ways.
  assert.deepEqual(await ask(a, "join", { conversationId: room }), { ok: true, conversationId: room, lastSeq: 0, replayed: 0 });
  assert.equal((await ask(b, "join", { conversationId: room, afterSeq: 0 })).ok, true);
  const sent = await ask(a, "message:send", { conversationId: room, body: "hello «Bob» 🐎", idempotencyKey: "k1" });
  assert.equal(sent.ok, true);
  assert.equal(sent.message.seq, 1);
  const again = await ask(a, "message:send", { conversationId: room, body: "hello «Bob» 🐎", idempotencyKey: "k1" });
  assert.deepEqual(again.message, sent.message);
  assert.equal(again.replayed, true);
  const posted = await send(bob, room, "hello Ann");
  assert.equal(posted.seq, 2);
  for (const socket of [a, b]) {
    await until("two messages", () => seqs(socket).length >= 2);
    const got = socket.events.filter((event) => event.name === "message:new").map((event) => event.args[0]);
    assert.deepEqual(got, [sent.message, posted]);
  }

  // Many at once, without waiting for acks: they stay in order.
  const burst = Array.from({ length: 300 }, (_, index) => ask(b, "message:send", { conversationId: room, body: `b${index}` }));
  assert.deepEqual((await Promise.all(burst)).map((ack) => ack.message.seq), Array.from({ length: 300 }, (_, index) => index + 3));
  await until("the burst", () => seqs(a).length >= 302);
  assert.deepEqual(seqs(a), Array.from({ length: 302 }, (_, index) => index + 1));
  assert.deepEqual(bodies(a).slice(2), Array.from({ length: 300 }, (_, index) => `b${index}`));

  // Almost as large as can be.
  const large = "ü".repeat(8000);
  assert.equal((await ask(a, "message:send", { conversationId: room, body: large })).ok, true);
  await until("the large one", () => bodies(b).at(-1) === large);

  // Typing goes to the others only.
  assert.equal((await ask(a, "typing", { conversationId: room, isTyping: true })).ok, true);
  const typing = await until("typing", () => b.events.find((event) => event.name === "typing"));
  assert.deepEqual(typing.args[0], { conversationId: room, userId: ann.id, username: ann.username, isTyping: true });
  assert.equal(a.events.some((event) => event.name === "typing"), false);

  // What is refused is said in the ack, and binary is no reason to go.
  assert.equal((await ask(b, "join", { conversationId: "nonsense" })).error.code, "invalid_request");
  const stranger = await connect(eve, options);
  assert.equal((await ask(stranger, "join", { conversationId: room })).error.code, "not_found");
  assert.equal((await ask(a, "message:send", { conversationId: room, body: Buffer.from([0, 1, 2, 255]) })).error.code, "invalid_request");
  assert.equal((await ask(a, "no such event", new Uint8Array(1000), { deep: [Buffer.alloc(3)] })).error.code, "invalid_request");
  a.emit("join");
  a.emit("message:send", null, 7, "x");
  assert.equal((await ask(a, "join", { conversationId: room, afterSeq: 303 })).ok, true);

  // Leave, and be removed.
  assert.equal((await ask(a, "leave", { conversationId: room })).ok, true);
  const before = seqs(a).length;
  await send(bob, room, "behind her back");
  await until("at Bob's", () => bodies(b).at(-1) === "behind her back");
  await ask(a, "leave", { conversationId: room });
  assert.equal(seqs(a).length, before);
  await call("DELETE", `/api/conversations/${room}/participants/${bob.id}`, ann.token);
  await send(ann, room, "behind his back");
  await until("the notice", () => b.events.some((event) => event.name === "participant:left"));
  assert.equal((await ask(b, "join", { conversationId: room })).error.code, "not_found");
  assert.notEqual(bodies(b).at(-1), "behind his back");

  // A token that is none.
  for (const token of [undefined, "", "nonsense", 7]) {
    const refused = io(GATEWAYS[0], { transports, forceNew: true, auth: token === undefined ? {} : { token } });
    const error = await new Promise((resolve, reject) => {
      refused.once("connect_error", resolve);
      refused.once("connect", () => reject(new Error("connected with no token")));
    });
    assert.equal(error.data.code, "unauthenticated");
    assert.ok(error.message.length > 0);
    refused.close();
  }

  // A disconnect of the client's own, and a new connection by the same manager.
  a.disconnect();
  a.connect();
  await until("the new connection", () => a.connected);
  assert.equal((await ask(a, "join", { conversationId: room })).ok, true);
  for (const socket of [a, b, stranger]) socket.close();
});
