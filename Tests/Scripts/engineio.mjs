// What Engine.IO 4 asks of a server that takes 1,000,000 bytes. The cases of the heartbeat run against one that pings every
// 300 ms and waits 200 ms, all others against one that pings every 25 s: on a busy machine a million bytes take longer than
// 300 ms, and a ping that comes first is no fault.
import { assert, base, wsBase, test as anyTest, run, sleep, Peer } from "./harness.mjs";

const url = `${base}/engine.io/?EIO=4`;
const get = (query, options) => fetch(`${base}/engine.io/?${query}`, options);
const poll = (sid, options) => fetch(`${url}&transport=polling&sid=${sid}`, options);
const post = (sid, body, options) => poll(sid, { method: "POST", body, ...options });
const ws = (query) => new Peer(`${wsBase}/engine.io/?${query}`);

async function openPolling() {
  const response = await get("EIO=4&transport=polling");
  return JSON.parse((await response.text()).substring(1)).sid;
}
async function openWebSocket() {
  const peer = ws("EIO=4&transport=websocket");
  await peer.next();
  return peer;
}
async function refused(response, status, code) {
  assert.equal(response.status, status);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal((await response.json()).code, code);
}
const keys = ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"];
const handshake = JSON.parse((await (await get("EIO=4&transport=polling")).text()).substring(1));
const isQuick = handshake.pingInterval === 300;
const test = isQuick ? () => {} : anyTest;
const heartbeatTest = isQuick ? anyTest : () => {};

test("handshake over polling", async () => {
  const response = await get("EIO=4&transport=polling");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/plain; charset=UTF-8");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  const text = await response.text();
  assert.equal(Number(response.headers.get("content-length")), text.length);
  assert.equal(text[0], "0");
  const open = JSON.parse(text.substring(1));
  assert.deepEqual(Object.keys(open).sort(), keys);
  assert.match(open.sid, /^[A-Za-z0-9_-]{20}$/);
  assert.deepEqual(open.upgrades, ["websocket"]);
  assert.deepEqual([open.pingInterval, open.pingTimeout, open.maxPayload], [25000, 20000, 1000000]);
});
test("handshake with another version is refused", async () => {
  await refused(await get("transport=polling"), 400, 5);
  await refused(await get("EIO=abc&transport=polling"), 400, 5);
  await refused(await get("EIO=3&transport=polling"), 400, 5);
});
test("handshake with an unknown transport is refused", async () => {
  await refused(await get("EIO=4"), 400, 0);
  await refused(await get("EIO=4&transport=abc"), 400, 0);
});
test("handshake with another method is refused", async () => {
  await refused(await get("EIO=4&transport=polling", { method: "POST" }), 400, 2);
  await refused(await get("EIO=4&transport=polling", { method: "PUT" }), 400, 2);
});
test("websocket handshake without upgrade is refused", async () => {
  await refused(await get("EIO=4&transport=websocket"), 400, 3);
});
test("unknown session is refused", async () => {
  await refused(await get("EIO=4&transport=polling&sid=abc"), 400, 1);
  await refused(await get("EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA"), 400, 1);
});
test("session is bound to its transport and version", async () => {
  const sid = await openPolling();
  await refused(await get(`EIO=4&transport=websocket&sid=${sid}`), 400, 3);
  await refused(await get(`EIO=3&transport=polling&sid=${sid}`), 400, 3);
});
test("unknown parameters are ignored", async () => {
  assert.equal((await get("EIO=4&transport=polling&t=abc&b64=1&x=%20")).status, 200);
});
test("handshake over websocket", async () => {
  const peer = ws("EIO=4&transport=websocket");
  const text = await peer.next();
  const open = JSON.parse(text.substring(1));
  assert.deepEqual(Object.keys(open).sort(), keys);
  assert.deepEqual(open.upgrades, []);
  peer.close();
  await peer.closed;
});
for (const query of ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc",
  "EIO=4&transport=websocket&sid=AAAAAAAAAAAAAAAAAAAA"]) {
  test(`websocket is refused with 400: ${query}`, async () => {
    const peer = ws(query);
    assert.equal(await peer.closed, 1006);
    assert.match(String(peer.error), /400/);
  });
}

for (const [name, payload] of [["one text packet", "4hello"], ["an empty message", "4"],
  ["several text packets", "4test1\x1e4test2\x1e4test3"], ["text and binary", "4hello\x1ebAQIDBA=="],
  ["non-ASCII", "4\u20ac\u{1f600}\x1e4é"]]) {
  test(`polling echoes ${name}`, async () => {
    const sid = await openPolling();
    const pushed = await post(sid, payload);
    assert.equal(pushed.status, 200);
    assert.equal(await pushed.text(), "ok");
    const polled = await poll(sid);
    assert.equal(polled.status, 200);
    assert.equal(await polled.text(), payload);
  });
}
test("a waiting poll gets what comes", async () => {
  const sid = await openPolling();
  const [polled] = await Promise.all([poll(sid), sleep(20).then(() => post(sid, "4late"))]);
  assert.equal(await polled.text(), "4late");
});
for (const payload of ["abc", "", "4a\x1e", "b!!!"]) {
  test(`polling closes on ${JSON.stringify(payload)}`, async () => {
    const sid = await openPolling();
    assert.equal((await post(sid, payload)).status, 400);
    await refused(await poll(sid), 400, 1);
  });
}
test("polling closes on octet-stream", async () => {
  const sid = await openPolling();
  const response = await post(sid, "4a", { headers: { "content-type": "application/octet-stream" } });
  assert.equal(response.status, 400);
  assert.equal((await poll(sid)).status, 400);
});
test("a body beyond maxPayload is 413, at the limit fine", async () => {
  const sid = await openPolling();
  const large = await post(sid, "4" + "a".repeat(1_000_000));
  assert.equal(large.status, 413);
  assert.equal(large.headers.get("access-control-allow-origin"), "*");
  const body = "4" + "a".repeat(999_999);
  assert.equal((await post(sid, body)).status, 200);
  assert.equal(await (await poll(sid)).text(), body);
});
test("two polls at a time end the session", async () => {
  const sid = await openPolling();
  const [first, second] = await Promise.all([poll(sid), sleep(20).then(() => poll(sid))]);
  assert.equal(first.status, 200);
  assert.equal(await first.text(), "1");
  assert.equal(second.status, 400);
  assert.equal((await poll(sid)).status, 400);
});
test("a cancelled poll ends the session", async () => {
  const sid = await openPolling();
  const abort = new AbortController();
  const waiting = poll(sid, { signal: abort.signal }).catch(() => {});
  await sleep(20);
  abort.abort();
  await waiting;
  await sleep(50);
  await refused(await poll(sid), 400, 1);
});
test("websocket echoes text and binary in order", async () => {
  const peer = await openWebSocket();
  peer.send("4hello");
  peer.send(Uint8Array.from([1, 2, 3, 4]));
  peer.send("4" + "x".repeat(999_999));
  assert.equal(await peer.next(), "4hello");
  assert.deepEqual([...(await peer.next())], [1, 2, 3, 4]);
  assert.equal((await peer.next()).length, 1_000_000);
  peer.close();
});
for (const message of ["abc", "", "2", "2x", "9"]) {
  test(`websocket closes on ${JSON.stringify(message)}`, async () => {
    const peer = await openWebSocket();
    peer.send(message);
    await peer.closed;
  });
}
test("websocket closes on a message beyond maxPayload", async () => {
  const peer = await openWebSocket();
  peer.send("4" + "a".repeat(1_000_000));
  assert.equal(await peer.closed, 1009);
});

heartbeatTest("polling exchanges pings and pongs", async () => {
  const sid = await openPolling();
  for (let i = 0; i < 3; i++) {
    const polled = await poll(sid);
    assert.equal(await polled.text(), "2");
    assert.equal((await post(sid, "3")).status, 200);
  }
});
heartbeatTest("polling ends without a pong", async () => {
  const sid = await openPolling();
  await sleep(800);
  assert.equal((await poll(sid)).status, 400);
});
heartbeatTest("a waiting poll is released when no pong comes", async () => {
  const sid = await openPolling();
  assert.equal(await (await poll(sid)).text(), "2");
  assert.equal(await (await poll(sid)).text(), "1");
  assert.equal((await poll(sid)).status, 400);
});
heartbeatTest("websocket exchanges pings and pongs", async () => {
  // Measured from before a thing is sent: what this program reads late must not look like a server that is early.
  let sent = performance.now();
  const peer = await openWebSocket();
  for (let i = 0; i < 3; i++) {
    assert.equal(await peer.next(), "2");
    assert.ok(performance.now() - sent > 280, "pings are counted from the pong");
    sent = performance.now();
    peer.send("3");
  }
  peer.close();
});
heartbeatTest("websocket ends without a pong, messages do not count", async () => {
  const start = performance.now();
  const peer = await openWebSocket();
  const chatter = setInterval(() => peer.send("4x"), 50);
  await peer.closed;
  clearInterval(chatter);
  const took = performance.now() - start;
  assert.ok(took > 480 && took < 2000, `${took} ms`);
});

test("a client closes over polling", async () => {
  const sid = await openPolling();
  const [polled, posted] = await Promise.all([poll(sid), sleep(20).then(() => post(sid, "1"))]);
  assert.equal(polled.status, 200);
  assert.equal(await polled.text(), "6");
  assert.equal(posted.status, 200);
  assert.equal((await poll(sid)).status, 400);
  assert.equal((await post(sid, "4a")).status, 400);
});
test("a client closes over websocket", async () => {
  const peer = await openWebSocket();
  peer.send("1");
  await peer.closed;
});

async function upgraded() {
  const sid = await openPolling();
  const peer = ws(`EIO=4&transport=websocket&sid=${sid}`);
  await peer.open;
  peer.send("2probe");
  assert.equal(await peer.next(), "3probe");
  peer.send("5");
  return { sid, peer };
}
test("upgrade", async () => {
  const { peer } = await upgraded();
  peer.send("4hello");
  assert.equal(await peer.next(), "4hello");
  peer.close();
});
test("upgrade flushes what waits, in order", async () => {
  const sid = await openPolling();
  await post(sid, "4a\x1e4b\x1ebAQ==");
  const peer = ws(`EIO=4&transport=websocket&sid=${sid}`);
  await peer.open;
  peer.send("2probe");
  assert.equal(await peer.next(), "3probe");
  await post(sid, "4c");
  peer.send("5");
  peer.send("4d");
  assert.equal(await peer.next(), "4a");
  assert.equal(await peer.next(), "4b");
  assert.deepEqual([...(await peer.next())], [1]);
  assert.equal(await peer.next(), "4c");
  assert.equal(await peer.next(), "4d");
  peer.close();
});
test("a probe releases a waiting poll, and later ones", async () => {
  const sid = await openPolling();
  const waiting = poll(sid);
  await sleep(20);
  const peer = ws(`EIO=4&transport=websocket&sid=${sid}`);
  await peer.open;
  peer.send("2probe");
  assert.equal(await (await waiting).text(), "6");
  assert.equal(await (await poll(sid)).text(), "6");
  peer.send("5");
  peer.send("4x");
  assert.equal(await peer.next(), "3probe");
  assert.equal(await peer.next(), "4x");
  peer.close();
});
test("polling of an upgraded session is refused", async () => {
  const { sid, peer } = await upgraded();
  peer.send("4a");
  await peer.next();
  await refused(await poll(sid), 400, 3);
  await refused(await post(sid, "4a"), 400, 3);
  peer.close();
});
test("a second websocket of a session is accepted, then closed", async () => {
  const { sid, peer } = await upgraded();
  const second = ws(`EIO=4&transport=websocket&sid=${sid}`);
  await second.open;
  await second.closed;
  peer.send("4still");
  assert.equal(await peer.next(), "4still");
  const other = await openPolling();
  const probing = ws(`EIO=4&transport=websocket&sid=${other}`);
  await probing.open;
  const late = ws(`EIO=4&transport=websocket&sid=${other}`);
  await late.open;
  await late.closed;
  probing.send("2probe");
  assert.equal(await probing.next(), "3probe");
  peer.close();
  probing.close();
});
test("anything but an upgrade packet ends the probe, not the session", async () => {
  const sid = await openPolling();
  const peer = ws(`EIO=4&transport=websocket&sid=${sid}`);
  await peer.open;
  peer.send("2probe");
  await peer.next();
  peer.send("4hello");
  await peer.closed;
  await post(sid, "4lives");
  assert.equal(await (await poll(sid)).text(), "4lives");
});
test("a session with a lost probe may upgrade again", async () => {
  const sid = await openPolling();
  const peer = ws(`EIO=4&transport=websocket&sid=${sid}`);
  await peer.open;
  peer.socket.terminate();
  await peer.closed;
  await sleep(20);
  const again = ws(`EIO=4&transport=websocket&sid=${sid}`);
  await again.open;
  again.send("2probe");
  assert.equal(await again.next(), "3probe");
  again.send("5");
  again.send("4y");
  assert.equal(await again.next(), "4y");
  again.close();
});
test("preflight", async () => {
  const response = await get("EIO=4&transport=polling", {
    method: "OPTIONS",
    headers: { "access-control-request-headers": "x-a,x-b", "access-control-request-method": "GET" },
  });
  assert.equal(response.status, 204);
  assert.equal(response.headers.get("access-control-allow-origin"), "*");
  assert.match(response.headers.get("access-control-allow-methods"), /POST/);
  assert.equal(response.headers.get("access-control-allow-headers"), "x-a,x-b");
});
test("refusals bear CORS headers", async () => {
  assert.equal((await get("EIO=4")).headers.get("access-control-allow-origin"), "*");
});

await run();
