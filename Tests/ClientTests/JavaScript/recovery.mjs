// Connection state recovery with the official client, unchanged: it is cut in every way there is, and either continues
// as the same socket, with its rooms and what it has missed, each message once and in order, or is told that it is new.
// It says KILL or EMPTY when something is to happen to the servers, and gets a SIGUSR2 when that has.
import assert from "node:assert/strict";
import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";
import { GATEWAYS, ask, call, connect, group, main, person, send, seqs, until } from "./lib.mjs";

const [scenario, list] = process.argv.slice(2);
const transports = (list ?? "websocket").split("+");

async function servers(what) {
  const done = new Promise((resolve) => process.once("SIGUSR2", resolve));
  const timer = setInterval(() => {}, 1000);
  console.log(what);
  await done;
  clearInterval(timer);
}

async function redis() {
  const client = createClient({ socket: { path: process.env.CHAT_REDIS_SOCKET } });
  await client.connect();
  return client;
}

const named = (socket, name) => socket.events.filter((event) => event.name === name).map((event) => event.args);
const ofRoom = (socket, room) =>
  named(socket, "message:new").filter(([message]) => message.conversationId === room).map(([message]) => message.seq);
const numbers = (count) => Array.from({ length: count }, (_, index) => index + 1);

// The next connection, and whether it is a recovered one.
function reconnected(socket) {
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket.recovered));
    setTimeout(() => reject(new Error("no reconnect")), 20_000).unref();
  });
}

async function member(user, rooms, options = {}, gateway = 0) {
  const socket = await connect(user, { transports, ...options }, gateway);
  assert.equal(socket.recovered, false);
  for (const room of rooms) assert.equal((await ask(socket, "join", { conversationId: room })).ok, true);
  return socket;
}

// Sends to the rooms in turn, `count` each; returns how far each is then.
async function say(user, rooms, count) {
  for (let index = 0; index < count; index += 1) for (const room of rooms) await send(user, room, `${index}`);
}

async function complete(socket, room, count) {
  await until(`${count} messages`, () => ofRoom(socket, room).length >= count);
  assert.deepEqual(ofRoom(socket, room), numbers(count));
}

// Moves a client to another gateway at its next connect.
function move(socket, gateway) {
  socket.io.uri = GATEWAYS[gateway];
}

// Cuts, lets `meanwhile` happen while the client is away, and lets it come back.
async function away(socket, meanwhile) {
  socket.io.reconnection(false);
  const left = new Promise((resolve) => socket.once("disconnect", resolve));
  socket.io.engine.close();
  await left;
  await meanwhile();
  const back = reconnected(socket);
  socket.io.reconnection(true);
  socket.connect();
  return await back;
}

const scenarios = {
  // Cut at the transport; several rooms, on the same gateway and from one to the other and back.
  async cut() {
    const ann = await person("ann");
    const rooms = [await group(ann), await group(ann), await group(ann)];
    const socket = await member(ann, rooms);
    const { id } = socket;
    let sent = 0;
    for (const gateway of [0, 0, 1, 1, 0]) {
      await say(ann, rooms.slice(0, 2), 3);
      sent += 3;
      for (const room of rooms.slice(0, 2)) await complete(socket, room, sent);
      const recovered = await away(socket, async () => {
        await say(ann, rooms.slice(0, 2), 5);
        move(socket, gateway);
      });
      sent += 5;
      assert.equal(recovered, true, `at gateway ${gateway}`);
      assert.equal(socket.id, id);
      for (const room of rooms.slice(0, 2)) await complete(socket, room, sent);
    }
    // The room in which nothing was said is still joined.
    await send(ann, rooms[2], "at last");
    await complete(socket, rooms[2], 1);
    // Every event that was broadcast bears the offset, at the end.
    for (const args of named(socket, "message:new")) assert.ok(args.length <= 2);
  },

  // The cut comes at any moment, while messages come: not one is lost, not one comes twice.
  async storm() {
    const ann = await person("ann");
    const rooms = [await group(ann), await group(ann), await group(ann)];
    const socket = await member(ann, rooms);
    let isDone = false;
    const sending = Promise.all(rooms.map((room) => say(ann, [room], 150))).then(() => (isDone = true));
    let recoveries = 0;
    let cuts = 0;
    while (!isDone) {
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 60));
      const back = reconnected(socket);
      move(socket, cuts % 2);
      socket.io.engine.close();
      cuts += 1;
      if (await back) {
        recoveries += 1;
      } else {
        for (const room of rooms) {
          const afterSeq = ofRoom(socket, room).at(-1) ?? 0;
          assert.equal((await ask(socket, "join", { conversationId: room, afterSeq })).ok, true);
        }
      }
    }
    await sending;
    for (const room of rooms) await complete(socket, room, 150);
    console.log(`${recoveries} of ${cuts} cuts recovered`);
    assert.ok(recoveries > cuts / 2, `${recoveries} of ${cuts}`);
  },

  // The gateway is killed; another one continues.
  async kill() {
    const ann = await person("ann");
    const rooms = [await group(ann), await group(ann)];
    const socket = await member(ann, rooms);
    const { id } = socket;
    await say(ann, rooms, 4);
    for (const room of rooms) await complete(socket, room, 4);
    const back = reconnected(socket);
    await servers("KILL 0");
    await say(ann, rooms, 4);
    move(socket, 1);
    assert.equal(await back, true);
    assert.equal(socket.id, id);
    for (const room of rooms) await complete(socket, room, 8);
    await say(ann, rooms, 2);
    for (const room of rooms) await complete(socket, room, 10);
  },

  // Redis comes back empty; a gateway that lives writes again what it knows.
  async redis() {
    const ann = await person("ann");
    const rooms = [await group(ann), await group(ann)];
    const socket = await member(ann, rooms);
    await say(ann, rooms, 4);
    for (const room of rooms) await complete(socket, room, 4);
    const there = await away(socket, async () => {
      await say(ann, rooms, 2);
      await servers("EMPTY");
      await say(ann, rooms, 2);
      move(socket, 1);
    });
    assert.equal(there, true);
    for (const room of rooms) await complete(socket, room, 8);
    // Restarted empty, and then the gateway killed that had everything, after it has written it again.
    await servers("EMPTY");
    await say(ann, rooms, 2);
    for (const room of rooms) await complete(socket, room, 10);
    const client = await redis();
    await until("what the gateways write again", async () => {
      const keys = (await client.keys("chatd:recovery:*")).filter((key) => !key.endsWith(":log"));
      const whole = await Promise.all(keys.map((key) => client.hGet(key, "whole")));
      return whole.filter((value) => value !== null && value !== undefined).length === 2;
    });
    const back = reconnected(socket);
    await servers("KILL 1");
    move(socket, 0);
    assert.equal(await back, true);
    for (const room of rooms) await complete(socket, room, 10);
  },

  // Redis loses everything without anybody noticing, and the gateway with it: the client is new, and resumes.
  async forgotten() {
    const ann = await person("ann");
    const room = await group(ann);
    const socket = await member(ann, [room]);
    await say(ann, [room], 3);
    await complete(socket, room, 3);
    const { id } = socket;
    const back = reconnected(socket);
    await (await redis()).flushAll();
    await servers("KILL 0");
    await say(ann, [room], 3);
    move(socket, 1);
    assert.equal(await back, false);
    assert.notEqual(socket.id, id);
    assert.equal((await ask(socket, "join", { conversationId: room, afterSeq: 3 })).replayed, 3);
    await complete(socket, room, 6);
  },

  // Away from a flushed Redis: the gateway that lives has it all in memory.
  async flushed() {
    const ann = await person("ann");
    const room = await group(ann);
    const socket = await member(ann, [room]);
    await say(ann, [room], 3);
    await complete(socket, room, 3);
    const recovered = await away(socket, async () => {
      await say(ann, [room], 3);
      await (await redis()).flushAll();
      move(socket, 1);
    });
    assert.equal(recovered, true);
    await complete(socket, room, 6);
  },

  async removed() {
    const ann = await person("ann");
    const bob = await person("bob");
    const rooms = [await group(ann, bob), await group(ann, bob)];
    const socket = await member(bob, rooms);
    await say(ann, rooms, 2);
    for (const room of rooms) await complete(socket, room, 2);
    const { id } = socket;
    const recovered = await away(socket, async () => {
      await call("DELETE", `/api/conversations/${rooms[1]}/participants/${bob.id}`, ann.token);
      await say(ann, rooms, 2);
    });
    assert.equal(recovered, false);
    assert.notEqual(socket.id, id);
    // It is in neither room now, and is sent nothing of either.
    await send(ann, rooms[0], "more");
    assert.equal((await ask(socket, "join", { conversationId: rooms[0], afterSeq: 2 })).replayed, 3);
    await complete(socket, rooms[0], 5);
    assert.equal((await ask(socket, "join", { conversationId: rooms[1], afterSeq: 2 })).error.code, "not_found");
    assert.deepEqual(ofRoom(socket, rooms[1]), [1, 2]);
  },

  // Put out by the server, or gone on its own wish: there is nothing to come back to.
  async disconnected() {
    const ann = await person("ann");
    const room = await group(ann);
    const socket = await member(ann, [room]);
    await say(ann, [room], 1);
    await complete(socket, room, 1);
    const gone = new Promise((resolve) => socket.once("disconnect", resolve));
    new Emitter(await redis()).in(socket.id).disconnectSockets(true);
    assert.equal(await gone, "io server disconnect");
    let back = reconnected(socket);
    socket.connect();
    assert.equal(await back, false);
    assert.equal((await ask(socket, "join", { conversationId: room })).ok, true);
    await say(ann, [room], 1);
    await complete(socket, room, 2);
    socket.disconnect();
    back = reconnected(socket);
    socket.connect();
    assert.equal(await back, false);
  },

  async expired() {
    const ann = await person("ann");
    const room = await group(ann);
    const socket = await member(ann, [room]);
    await say(ann, [room], 2);
    await complete(socket, room, 2);
    const { id } = socket;
    // The gateways of this scenario remember for 2 s.
    const late = await away(socket, () => new Promise((resolve) => setTimeout(resolve, 2600)));
    assert.equal(late, false);
    assert.notEqual(socket.id, id);
  },

  // Somebody else's token, a wrong secret, offsets that nobody has said.
  async forged() {
    const ann = await person("ann");
    const eve = await person("eve");
    const room = await group(ann);
    const socket = await member(ann, [room]);
    await say(ann, [room], 2);
    await complete(socket, room, 2);
    const { _pid: pid, _lastOffset: offset } = socket;
    assert.match(pid, /^[\w-]{20}$/);
    const attempts = [
      [eve, pid, offset],
      [ann, pid.replace(/^./, (first) => (first === "A" ? "B" : "A")), offset],
      [ann, "x".repeat(20), "zzzzzz.1"],
    ];
    for (const [user, id, at] of attempts) {
      for (const gateway of [0, 1]) {
        const other = await connect(user, { transports, auth: { token: user.token, pid: id, offset: at } }, gateway);
        assert.notEqual(other.id, socket.id);
        assert.notEqual(other._pid, pid);
        other.close();
      }
    }
    for (const at of ["", "x", `${offset.slice(0, 7)}zzzzzzzzzz`, `${offset}zz`, "a".repeat(10_000), 7, null, {}]) {
      const other = await connect(ann, { transports, auth: { token: ann.token, pid: "y".repeat(20), offset: at } });
      assert.equal(other.recovered, false);
      other.close();
    }
    // The socket itself has noticed nothing.
    await say(ann, [room], 1);
    await complete(socket, room, 3);
    assert.equal(await away(socket, async () => {}), true);
    // Who wants none of it is not offered any: no pid, and no offset at the end of an event.
    const plain = await connect(ann, { transports, auth: { token: ann.token, recovery: false } });
    assert.equal(plain._pid, undefined);
    assert.equal((await ask(plain, "join", { conversationId: room })).ok, true);
    await say(ann, [room], 1);
    await until("the message", () => seqs(plain).length === 1);
    assert.equal(named(plain, "message:new")[0].length, 1);
    await complete(socket, room, 4);
    assert.equal(named(socket, "message:new").at(-1).length, 2);
  },

  // The client is back before its gateway has noticed that it was gone.
  async unnoticed() {
    const ann = await person("ann");
    const room = await group(ann);
    const old = await member(ann, [room]);
    await say(ann, [room], 2);
    await complete(old, room, 2);
    const { _pid: pid, _lastOffset: offset, id } = old;
    const gone = new Promise((resolve) => old.once("disconnect", resolve));
    old.io.reconnection(false);
    for (const gateway of [1]) {
      const socket = await connect(ann, { transports, auth: { token: ann.token, pid, offset } }, gateway);
      assert.equal(socket.id, id);
      await gone;
      await say(ann, [room], 2);
      await until("what comes", () => ofRoom(socket, room).length >= 2);
      assert.deepEqual(ofRoom(socket, room), [3, 4]);
    }
    assert.deepEqual(ofRoom(old, room), [1, 2]);
  },
};

await main(scenarios[scenario]);
