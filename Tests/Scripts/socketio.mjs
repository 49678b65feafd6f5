// What Socket.IO 5 asks of a server. The server pings every 300 ms, waits 200 ms, and wants a CONNECT within 1,000 ms.
import { assert, base, wsBase, test, run, Peer } from "./harness.mjs";

const url = `${base}/socket.io/?EIO=4`;

async function open() {
  const peer = new Peer(`${wsBase}/socket.io/?EIO=4&transport=websocket`);
  await peer.next();
  return peer;
}
async function connected() {
  const peer = await open();
  peer.send("40");
  await message(peer);
  await message(peer);
  return peer;
}
// The next message that is no ping; pings are answered.
async function message(peer) {
  for (;;) {
    const next = await peer.next();
    if (next !== "2") return next;
    peer.send("3");
  }
}

test("handshakes", async () => {
  const response = await fetch(`${url}&transport=polling`);
  assert.equal(response.status, 200);
  const peer = new Peer(`${wsBase}/socket.io/?EIO=4&transport=websocket`);
  assert.equal((await peer.next())[0], "0");
  peer.close();
});
for (const [name, packet, prefix, auth] of [
  ["the main namespace", "40", "", "{}"],
  ["the main namespace with a payload", '40{"token":"123"}', "", '{"token":"123"}'],
  ["a custom namespace", "40/custom,", "/custom,", "{}"],
  ["a custom namespace without a comma", "40/custom", "/custom,", "{}"],
  ["a custom namespace with a payload", '40/custom,{"token":"abc"}', "/custom,", '{"token":"abc"}'],
]) {
  test(`connects to ${name}`, async () => {
    const peer = await open();
    peer.send(packet);
    const answer = await message(peer);
    assert.ok(answer.startsWith("40" + prefix), answer);
    const data = JSON.parse(answer.substring(2 + prefix.length));
    assert.deepEqual(Object.keys(data), ["sid"]);
    assert.match(data.sid, /^[A-Za-z0-9_-]{20}$/);
    assert.equal(await message(peer), `42${prefix}["auth",${auth}]`);
    peer.close();
  });
}
test("connects over polling", async () => {
  const handshake = await (await fetch(`${url}&transport=polling`)).text();
  const { sid } = JSON.parse(handshake.substring(1));
  const poll = () => fetch(`${url}&transport=polling&sid=${sid}`);
  const post = (body) => fetch(`${url}&transport=polling&sid=${sid}`, { method: "POST", body });
  assert.equal(await (await post("40")).text(), "ok");
  const packets = (await (await poll()).text()).split("\x1e");
  assert.equal(packets.length, 2);
  const socket = JSON.parse(packets[0].substring(2)).sid;
  assert.notEqual(socket, sid);
  assert.equal(packets[1], '42["auth",{}]');
  const binary = '451-["message",{"_placeholder":true,"num":0}]\x1ebAQID';
  await post(binary);
  assert.equal(await (await poll()).text(), binary.replace("message", "message-back"));
});
test("refuses an unknown namespace", async () => {
  const peer = await open();
  peer.send("40/random");
  assert.equal(await message(peer), '44/random,{"message":"Invalid namespace"}');
  peer.close();
});
test("closes without a CONNECT in time", async () => {
  const start = performance.now();
  const peer = await open();
  for (;;) {
    const next = await peer.next().catch(() => null);
    if (next === null) break;
    if (next === "2") peer.send("3");
  }
  assert.ok(performance.now() - start > 980 && performance.now() - start < 3000);
});
for (const first of ["4abc", '42["message"]', "41", "43[]", "4", "40[]", '40"a"', '44{"message":"x"}']) {
  test(`closes on ${first} instead of a CONNECT`, async () => {
    const peer = await open();
    peer.send(first);
    await peer.closed;
  });
}
test("disconnects from the main namespace, the transport stays", async () => {
  const peer = await connected();
  peer.send("41");
  assert.equal(await peer.next(), "2");
  peer.send("3");
  peer.send("40");
  assert.ok((await message(peer)).startsWith('40{"sid"'));
  peer.close();
});
test("disconnects from one of two namespaces", async () => {
  const peer = await connected();
  peer.send("40/custom");
  const answer = await message(peer);
  assert.ok(answer.startsWith("40/custom,"));
  await message(peer);
  peer.send("41/custom");
  peer.send('42["message","message to main namespace"]');
  assert.equal(await message(peer), '42["message-back","message to main namespace"]');
  peer.close();
});
test("gives each namespace and each connect another id", async () => {
  const peer = await open();
  const ids = new Set();
  for (const namespace of ["", "/custom,"]) {
    peer.send("40" + namespace);
    ids.add(JSON.parse((await message(peer)).substring(2 + namespace.length)).sid);
    await message(peer);
  }
  peer.send("41");
  peer.send("40");
  ids.add(JSON.parse((await message(peer)).substring(2)).sid);
  assert.equal(ids.size, 3);
  peer.close();
});
test("sends a text event back", async () => {
  const peer = await connected();
  peer.send('42["message",1,"2",{"3":[true]}]');
  assert.equal(await message(peer), '42["message-back",1,"2",{"3":[true]}]');
  peer.send('42["message"]');
  assert.equal(await message(peer), '42["message-back"]');
  peer.close();
});
test("sends a binary event back", async () => {
  const peer = await connected();
  const rest = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]';
  peer.send('452-["message",' + rest);
  peer.send(Uint8Array.from([1, 2, 3]));
  peer.send(Uint8Array.from([4, 5, 6]));
  assert.equal(await message(peer), '452-["message-back",' + rest);
  assert.deepEqual([...(await message(peer))], [1, 2, 3]);
  assert.deepEqual([...(await message(peer))], [4, 5, 6]);
  peer.close();
});
test("acknowledges a text event", async () => {
  const peer = await connected();
  peer.send('42456["message-with-ack",1,"2",{"3":[false]}]');
  assert.equal(await message(peer), '43456[1,"2",{"3":[false]}]');
  peer.send('420["message-with-ack"]');
  assert.equal(await message(peer), "430[]");
  peer.close();
});
test("acknowledges a binary event", async () => {
  const peer = await connected();
  const rest = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]';
  peer.send('452-789["message-with-ack",' + rest);
  peer.send(Uint8Array.from([1, 2, 3]));
  peer.send(Uint8Array.from([4, 5, 6]));
  assert.equal(await message(peer), "462-789[" + rest);
  assert.deepEqual([...(await message(peer))], [1, 2, 3]);
  assert.deepEqual([...(await message(peer))], [4, 5, 6]);
  peer.close();
});
test("ignores an acknowledgement that nobody awaits", async () => {
  const peer = await connected();
  peer.send("43999[]");
  peer.send("43[]");
  peer.send('42["message",1]');
  assert.equal(await message(peer), '42["message-back",1]');
  peer.close();
});
for (const packet of ["4abc", "42{}", "42", "42[]", "42[null]", '42["connect"]', '42["disconnecting"]', '42abc["message"]',
  "43{}", "43", "47", "41{}", '41["x"]', "40", '40{"a":1}', "44{}", '42/custom,["message"]', '42/unknown,["message"]',
  '45["message"]', '450-["message"]', '4511-["message"]', '451-["message",{"_placeholder":true,"num":1}]', '42["a"']) {
  test(`closes on ${packet}`, async () => {
    const peer = await connected();
    peer.send(packet);
    await peer.closed;
  });
}
test("closes on binary that no event asked for", async () => {
  const peer = await connected();
  peer.send(Uint8Array.from([1]));
  await peer.closed;
});
test("closes on text between attachments", async () => {
  const peer = await connected();
  peer.send('451-["message",{"_placeholder":true,"num":0}]');
  peer.send('42["message"]');
  await peer.closed;
});
test("the server puts a client out with a 41, or closes the transport after it", async () => {
  const peer = await connected();
  peer.send('42["leave-me"]');
  assert.equal(await message(peer), "41");
  peer.send("40");
  assert.ok((await message(peer)).startsWith("40"));
  await message(peer);
  peer.send('42["close-me"]');
  assert.equal(await message(peer), "41");
  await peer.closed;
});
test("the server awaits acknowledgements", async () => {
  const peer = await connected();
  peer.send('42["ask-me",7]');
  const question = await message(peer);
  assert.match(question, /^42\d+\["question",7\]$/);
  peer.send(`43${question.match(/^42(\d+)/)[1]}["yes",{"a":null}]`);
  assert.equal(await message(peer), '42["answered","yes",{"a":null}]');
  peer.close();
});

await run();
