// What the official JavaScript client expects of a server with the echo application, over each of its transports.
import { assert, base, require, test, run, sleep } from "./harness.mjs";

const { io } = require("socket.io-client");
const ways = {
  polling: { transports: ["polling"] },
  websocket: { transports: ["websocket"] },
  upgrade: {},
};
const once = (emitter, event) => new Promise((resolve) => emitter.once(event, (...args) => resolve(args)));
const open = (options, namespace = "") =>
  io(base + namespace, { forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 50, ...options });
// `auth` greets every connect; waiting for it loses no later event.
async function connected(options, namespace) {
  const socket = open(options, namespace);
  await once(socket, "auth");
  return socket;
}
async function upgraded(socket) {
  const { engine } = socket.io;
  if (engine.transport.name !== "websocket") await once(engine, "upgrade");
  assert.equal(engine.transport.name, "websocket");
}

for (const [way, options] of Object.entries(ways)) {
  const ready = async (socket) => {
    if (way === "upgrade") await upgraded(socket);
    else assert.equal(socket.io.engine.transport.name, way);
  };
  test(`${way}: connects with auth`, async () => {
    const socket = open({ ...options, auth: { token: "abc" } });
    const [auth] = await once(socket, "auth");
    assert.deepEqual(auth, { token: "abc" });
    assert.equal(socket.id.length, 20);
    await ready(socket);
    socket.disconnect();
  });
  test(`${way}: sends events there and back in order`, async () => {
    const socket = await connected(options);
    const received = [];
    const all = new Promise((resolve) =>
      socket.on("message-back", (...args) => received.push(args) === 200 && resolve()));
    // Before, during and after an upgrade.
    for (let i = 0; i < 200; i++) {
      socket.emit("message", i, { text: "grüße \u{1f600}", list: [null, true, 1.5] });
      if (i % 10 === 0) await sleep(2);
    }
    await all;
    received.forEach((args, i) => assert.deepEqual(args, [i, { text: "grüße \u{1f600}", list: [null, true, 1.5] }]));
    await ready(socket);
    socket.disconnect();
  });
  test(`${way}: sends binary there and back`, async () => {
    const socket = await connected(options);
    const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 256));
    socket.emit("message", bytes, { nested: [Buffer.from([1, 2, 3])] }, "text");
    const [first, second, third] = await once(socket, "message-back");
    assert.ok(bytes.equals(first));
    assert.deepEqual([...second.nested[0]], [1, 2, 3]);
    assert.equal(third, "text");
    await ready(socket);
    socket.emit("message", Buffer.alloc(0));
    assert.equal((await once(socket, "message-back"))[0].length, 0);
    socket.disconnect();
  });
  test(`${way}: acknowledges both ways`, async () => {
    const socket = await connected(options);
    assert.deepEqual(await socket.timeout(5000).emitWithAck("message-with-ack", 1), 1);
    assert.deepEqual([...(await socket.timeout(5000).emitWithAck("message-with-ack", Buffer.from([7])))], [7]);
    socket.on("question", (value, callback) => callback("answer to", value));
    socket.emit("ask-me", { deep: [42] });
    assert.deepEqual(await once(socket, "answered"), ["answer to", { deep: [42] }]);
    socket.off("question");
    socket.on("question", (value, callback) => callback(Buffer.from([9])));
    socket.emit("ask-me", Buffer.from([8]));
    assert.deepEqual([...(await once(socket, "answered"))[0]], [9]);
    socket.off("question");
    socket.emit("ask-me", 1);
    assert.match((await once(socket, "unanswered"))[0], /in time/);
    await ready(socket);
    socket.disconnect();
  });
  test(`${way}: joins namespaces over one transport`, async () => {
    const socket = await connected(options);
    const custom = socket.io.socket("/custom", { auth: { who: "me" } });
    custom.connect();
    assert.deepEqual(await once(custom, "auth"), [{ who: "me" }]);
    assert.notEqual(custom.id, socket.id);
    const unknown = socket.io.socket("/unknown");
    unknown.connect();
    assert.equal((await once(unknown, "connect_error"))[0].message, "Invalid namespace");
    custom.disconnect();
    assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", "still"), "still");
    socket.disconnect();
  });
  test(`${way}: takes payloads up to nearly the limit`, async () => {
    const socket = await connected(options);
    await ready(socket);
    for (const size of [100_000, 700_000]) {
      const text = "x".repeat(size);
      assert.equal(await socket.timeout(15000).emitWithAck("message-with-ack", text), text);
    }
    const bytes = Buffer.alloc(700_000, 5);
    assert.ok(bytes.equals(await socket.timeout(15000).emitWithAck("message-with-ack", bytes)));
    // More than one payload's worth at once: the client splits it, each packet is within the limit.
    const answers = await Promise.all(
      [1, 2, 3, 4].map((i) => socket.timeout(15000).emitWithAck("message-with-ack", String(i).repeat(400_000))));
    answers.forEach((answer, i) => assert.equal(answer, String(i + 1).repeat(400_000)));
    socket.disconnect();
  });
  test(`${way}: comes back after its transport was lost, with another id`, async () => {
    const socket = await connected(options);
    await ready(socket);
    const before = socket.id;
    const lost = once(socket, "disconnect");
    const greeted = once(socket, "auth");
    socket.io.engine.close();
    await lost;
    await greeted;
    assert.notEqual(socket.id, before);
    assert.equal(await socket.timeout(5000).emitWithAck("message-with-ack", "back"), "back");
    socket.disconnect();
  });
  test(`${way}: does not come back by itself after the server put it out`, async () => {
    const socket = await connected(options);
    await ready(socket);
    const lost = once(socket, "disconnect");
    socket.emit("leave-me");
    assert.equal((await lost)[0], "io server disconnect");
    await sleep(150);
    assert.equal(socket.connected, false);
    socket.connect();
    await once(socket, "auth");
    const closed = once(socket, "disconnect");
    socket.emit("close-me");
    assert.equal((await closed)[0], "io server disconnect");
    socket.disconnect();
  });
  test(`${way}: keeps the heartbeat up`, async () => {
    const socket = await connected(options);
    await ready(socket);
    let pings = 0;
    socket.io.on("ping", () => (pings += 1));
    let lost = false;
    socket.on("disconnect", () => (lost = true));
    while (pings < 3 && !lost) await sleep(20);
    assert.equal(lost, false);
    socket.disconnect();
  });
}
test("many clients upgrade at once and lose nothing", async () => {
  const sockets = await Promise.all(Array.from({ length: 40 }, () => connected({})));
  await Promise.all(sockets.map(async (socket, who) => {
    const received = [];
    const all = new Promise((resolve) =>
      socket.on("message-back", (index) => received.push(index) === 50 && resolve()));
    for (let i = 0; i < 50; i++) {
      socket.emit("message", i, who);
      if (i % 5 === 0) await sleep(3);
    }
    await all;
    assert.deepEqual(received, Array.from({ length: 50 }, (_, i) => i));
    socket.disconnect();
  }));
});

await run();
