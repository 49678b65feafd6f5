// Programs that are not chatd: the official emitter, and a Socket.IO server with the official Redis adapter.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { ask, connect, group, main, person, send, until } from "./lib.mjs";

async function redis() {
  const client = createClient({ socket: { path: process.env.CHAT_REDIS_SOCKET } });
  await client.connect();
  return client;
}

// Without the offset that recovery puts at the end of what a room hears.
const OFFSET = /^[0-9a-z]{6}\.[0-9a-z]+$/;
const plain = (args) => (OFFSET.test(args.at(-1)) ? args.slice(0, -1) : args);
const named = (socket, name) => socket.events.filter((event) => event.name === name).map((event) => plain(event.args));

await main(async () => {
  const ann = await person("ann");
  const bob = await person("bob");
  const room = await group(ann, bob);
  const a = await connect(ann, {}, 0);
  const aPhone = await connect(ann, { transports: ["polling"] }, 1);
  const b = await connect(bob, {}, 1);
  for (const socket of [a, b]) assert.equal((await ask(socket, "join", { conversationId: room })).ok, true);
  const emitter = new Emitter(await redis());

  // A conversation's room, a user's, a socket's own; each reaches exactly its own.
  emitter.to(room).emit("notice", { text: "to the room", list: [1, 2.5, null, true], big: 2 ** 40 }, "second");
  emitter.to(`user:${ann.id}`).emit("notice", "to Ann");
  emitter.to(b.id).emit("notice", "to this socket");
  await until("at Ann's", () => named(a, "notice").length === 2);
  await until("at Bob's", () => named(b, "notice").length === 2);
  await until("at Ann's phone", () => named(aPhone, "notice").length === 1);
  assert.deepEqual(named(a, "notice"), [[{ text: "to the room", list: [1, 2.5, null, true], big: 2 ** 40 }, "second"], ["to Ann"]]);
  assert.deepEqual(named(b, "notice")[1], ["to this socket"]);
  assert.deepEqual(named(aPhone, "notice"), [["to Ann"]]);

  // Several rooms at once reach each socket once; `except` leaves somebody out; everybody means everybody.
  emitter.to([room, `user:${ann.id}`, a.id]).emit("several", 1);
  emitter.to(room).except(`user:${bob.id}`).emit("except", 1);
  emitter.emit("everybody", 1);
  for (const socket of [a, b, aPhone]) await until("everybody", () => named(socket, "everybody").length === 1);
  assert.equal(named(a, "several").length, 1);
  assert.equal(named(aPhone, "several").length, 1);
  assert.equal(named(a, "except").length, 1);
  assert.equal(named(b, "except").length, 0);

  // Binary.
  emitter.to(room).emit("blob", Buffer.from([1, 2, 3, 255]), { nested: Buffer.from("x") });
  for (const socket of [a, b]) {
    await until("the blob", () => named(socket, "blob").length === 1);
    assert.deepEqual([...named(socket, "blob")[0][0]], [1, 2, 3, 255]);
    assert.equal(Buffer.from(named(socket, "blob")[0][1].nested).toString(), "x");
  }

  // A room of the emitter's own making, joined from outside; a conversation cannot be joined that way.
  const eve = await person("eve");
  const e = await connect(eve, {}, 0);
  emitter.in(`user:${eve.id}`).socketsJoin(["lobby", room]);
  await until("the join", async () => {
    emitter.to("lobby").emit("lobby", 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    return named(e, "lobby").length > 0;
  });
  await send(ann, room, "private");
  await until("at Bob's", () => named(b, "message:new").length === 1);
  await ask(e, "leave", { conversationId: room });
  assert.equal(named(e, "message:new").length, 0);
  emitter.in("lobby").socketsLeave("lobby");
  emitter.to("lobby").emit("after", 1);
  emitter.to(e.id).emit("marker", 1);
  await until("the marker", () => named(e, "marker").length === 1);
  assert.equal(named(e, "after").length, 0);
  emitter.in(e.id).disconnectSockets(true);
  await until("the disconnect", () => !e.connected);

  // A server of the reference implementation shares the rooms, both ways.
  const http = createServer();
  const server = new Server(http, { adapter: createAdapter(await redis(), await redis()) });
  server.on("connection", (socket) => socket.on("enter", (name, done) => (socket.join(name), done())));
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  const guest = io(`http://127.0.0.1:${http.address().port}`, { forceNew: true });
  guest.events = [];
  guest.onAny((name, ...args) => guest.events.push({ name, args }));
  await until("the guest", () => guest.connected);
  await guest.emitWithAck("enter", room);
  await until("both ways", async () => {
    server.to(room).emit("from the reference", 1);
    await send(ann, room, "heard elsewhere");
    await new Promise((resolve) => setTimeout(resolve, 50));
    return named(b, "from the reference").length > 0 && named(guest, "message:new").length > 0;
  });
  assert.equal(named(guest, "message:new")[0][0].conversationId, room);
  await ask(a, "typing", { conversationId: room, isTyping: true });
  await until("typing", () => named(guest, "typing").length === 1);
});
