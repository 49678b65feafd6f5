// A server of the reference implementation with the official Redis adapter beside our gateways: each asks of the others
// what the adapter's protocol has, and sockets of both are in the same rooms.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import { GATEWAYS, ask, connect, group, main, person, send, until } from "./lib.mjs";

async function redis() {
  const client = createClient({ socket: { path: process.env.CHAT_REDIS_SOCKET } });
  await client.connect();
  return client;
}

const named = (socket, name) => socket.events.filter((event) => event.name === name).map((event) => event.args);
const ids = (sockets) => sockets.map((socket) => socket.id).sort();

await main(async () => {
  const ann = await person("ann");
  const bob = await person("bob");
  const room = await group(ann, bob);
  const a = await connect(ann, {}, 0);
  const b = await connect(bob, { transports: ["polling"] }, 1);
  for (const socket of [a, b]) assert.equal((await ask(socket, "join", { conversationId: room })).ok, true);

  const http = createServer();
  const server = new Server(http, { adapter: createAdapter(await redis(), await redis()) });
  server.on("connection", (socket) => socket.on("enter", (name, done) => (socket.join(name), done())));
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  const guest = io(`http://127.0.0.1:${http.address().port}`, { forceNew: true });
  guest.events = [];
  guest.onAny((name, ...args) => guest.events.push({ name, args }));
  await until("the guest", () => guest.connected);
  await guest.emitWithAck("enter", room);
  const servers = () => server.of("/").adapter.serverCount();
  await until("all servers in the count", async () => (await servers()) === GATEWAYS.length + 1);

  // One room, both ways.
  server.to(room).emit("from the reference", { n: 1 });
  await send(ann, room, "from chatd");
  for (const socket of [a, b, guest]) {
    await until("both", () => named(socket, "from the reference").length === 1 && named(socket, "message:new").length === 1);
    assert.equal(named(socket, "message:new")[0][0].body, "from chatd");
  }

  // fetchSockets: of the room, of a user, of all; with their rooms and who they are.
  const inRoom = await server.in(room).fetchSockets();
  assert.deepEqual(ids(inRoom), [a.id, b.id, guest.id].sort());
  const [annThere] = await server.in(`user:${ann.id}`).fetchSockets();
  assert.equal(annThere.id, a.id);
  assert.deepEqual([...annThere.rooms].sort(), [a.id, `user:${ann.id}`, room].sort());
  assert.deepEqual(annThere.data, { userId: ann.id, username: ann.username });
  assert.ok(annThere.handshake.issued > 1_600_000_000_000 && annThere.handshake.headers);
  assert.equal(JSON.stringify(annThere.handshake).includes(ann.token), false);
  const everybody = ids(await server.fetchSockets());
  for (const socket of [a, b, guest]) assert.ok(everybody.includes(socket.id));
  assert.deepEqual(ids(await server.in(room).except(`user:${bob.id}`).fetchSockets()), [a.id, guest.id].sort());

  // allRooms, of all servers.
  const all = await server.of("/").adapter.allRooms();
  for (const name of [room, a.id, b.id, guest.id, `user:${ann.id}`, `user:${bob.id}`]) assert.ok(all.has(name), name);

  // socketsJoin and socketsLeave; a conversation cannot be joined that way.
  const eve = await person("eve");
  const e = await connect(eve, {}, 1);
  server.in([`user:${eve.id}`, a.id]).socketsJoin(["lounge", room]);
  await until("the join", async () => (await server.in("lounge").fetchSockets()).length === 2);
  assert.deepEqual(ids(await server.in("lounge").fetchSockets()), [a.id, e.id].sort());
  assert.deepEqual(ids(await server.in(room).fetchSockets()), [a.id, b.id, guest.id].sort());
  server.to("lounge").emit("lounge", 1);
  for (const socket of [a, e]) await until("the lounge", () => named(socket, "lounge").length === 1);
  server.in(e.id).socketsLeave("lounge");
  await until("the leave", async () => (await server.in("lounge").fetchSockets()).length === 1);

  // One socket of ours, as the reference server holds it.
  const [remote] = await server.in(b.id).fetchSockets();
  remote.join("bar");
  await until("the bar", async () => (await server.in("bar").fetchSockets()).length === 1);
  remote.emit("to one", 7);
  await until("to one", () => named(b, "to one").length === 1);
  assert.equal(named(a, "to one").length, 0);

  // A broadcast that each client acknowledges; with binary; and one client that does not.
  for (const [index, socket] of [a, b, guest].entries()) {
    socket.on("question", (value, answer) => answer({ value: value + index }));
    socket.on("bytes", (value, answer) => answer(Buffer.concat([value, Buffer.from([index])])));
  }
  a.on("half", (answer) => answer("only I"));
  b.on("half", () => {});
  const answers = await server.to(room).timeout(5000).emitWithAck("question", 10);
  assert.deepEqual(answers.map((answer) => answer.value).sort(), [10, 11, 12]);
  const bytes = await server.to(room).timeout(5000).emitWithAck("bytes", Buffer.from([200, 0]));
  assert.deepEqual(bytes.map((value) => [...value].join()).sort(), ["200,0,0", "200,0,1", "200,0,2"]);
  const late = await server.in([a.id, b.id]).timeout(300).emitWithAck("half").then(
    () => assert.fail("an acknowledgement that nobody gave"),
    (error) => error);
  assert.deepEqual(late.responses, ["only I"]);
  assert.deepEqual(await remote.timeout(5000).emitWithAck("question", 1), { value: 2 });

  // serverSideEmit: without an answer it disturbs nobody; our gateways have no listeners, and say so at once.
  server.serverSideEmit("hello", "world");
  const before = Date.now();
  assert.deepEqual(await server.serverSideEmitWithAck("how are you"), GATEWAYS.map(() => null));
  assert.ok(Date.now() - before < 4000);
  new Emitter(await redis()).serverSideEmit("hello from nobody");

  // disconnectSockets: out of the namespace, and the transport closed where that is asked for.
  const reasons = [];
  for (const socket of [a, b]) socket.on("disconnect", (reason) => reasons.push(reason));
  server.in(a.id).disconnectSockets();
  remote.disconnect(true);
  await until("both disconnects", () => reasons.length === 2);
  assert.deepEqual(reasons, ["io server disconnect", "io server disconnect"]);
  await until("their absence", async () => (await server.in(room).fetchSockets()).length === 1);
  assert.equal(guest.connected && e.connected, true);

  // What is no request, and no broadcast: nobody is disturbed. (The reference server would be; it goes first.)
  server.close();
  const client = await redis();
  await until("its end", async () =>
    Number((await client.sendCommand(["PUBSUB", "NUMSUB", "socket.io-request#/#"]))[1]) === GATEWAYS.length);
  const junk = ["{", "{}", '{"type":99}', '{"type":5}', '{"type":"5","requestId":1}', '{"type":4,"opts":7,"close":1}x', '{"type":4,"close":true}',
    '{"type":4,"opts":[],"close":true}',
    Buffer.from([0x81]), Buffer.from([0x81, 0xa4]), Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]), Buffer.from("!"),
    Buffer.from([0x21, 0x96, 0, 1]), Buffer.alloc(0)];
  for (const message of junk) {
    await client.publish("socket.io-request#/#", message);
    await client.publish("socket.io#/#", message);
  }
  for (const gateway of GATEWAYS.keys()) {
    const again = await connect(ann, {}, gateway);
    assert.equal((await ask(again, "join", { conversationId: room, afterSeq: 0 })).replayed, 1);
  }
  assert.equal(e.connected, true);
});
