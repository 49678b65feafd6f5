// node's `ws` against a WebSocket echo, with everything that its permessage-deflate can be asked for.
// Usage: node deflate.mjs URL NODE_MODULES [--deflate]
import { randomBytes } from "node:crypto";
import { assert, Peer, run, test, wsBase } from "./harness.mjs";

const compresses = process.argv.includes("--deflate");
const sizes = [0, 1, 125, 126, 1000, 65535, 65536, 200_000, 1 << 20];
const text = (size) => '{"id":12345,"body":"grüße an alle"},'.repeat(Math.ceil(size / 36)).slice(0, size);

async function echo(options) {
  const peer = new Peer(wsBase, { maxPayload: 32 << 20, ...options });
  await new Promise((resolve, reject) => peer.socket.on("open", resolve).on("error", reject));
  const isAgreed = "permessage-deflate" in peer.socket._extensions;
  assert.equal(isAgreed, compresses && options.perMessageDeflate !== false);
  for (const size of sizes) {
    for (const message of [text(size), randomBytes(size), Buffer.alloc(size)]) {
      for (const compress of [true, false]) {
        peer.socket.send(message, { compress });
        assert.deepEqual(await peer.next(), message);
      }
      const middle = size >> 1;
      peer.socket.send(message.slice(0, middle), { fin: false });
      peer.socket.ping("within");
      peer.socket.send(message.slice(middle), { fin: true });
      assert.deepEqual(await peer.next(), message);
    }
  }
  for (let index = 0; index < 2000; index += 1) peer.socket.send(text(index));
  for (let index = 0; index < 2000; index += 1) assert.equal(await peer.next(), text(index));
  peer.socket.close(4000);
  assert.equal(await peer.closed, 4000);
}

test("off", () => echo({ perMessageDeflate: false }));
test("by default", () => echo({}));
const base = { threshold: 0 };
for (const serverNoContextTakeover of [false, true]) {
  for (const clientNoContextTakeover of [false, true]) {
    for (const bits of [undefined, 8, 9, 10, 12, 15]) {
      test(`takeover ${!serverNoContextTakeover} ${!clientNoContextTakeover}, windows of ${bits}`, () =>
        echo({
          perMessageDeflate: {
            ...base, serverNoContextTakeover, clientNoContextTakeover,
            ...(bits && { serverMaxWindowBits: bits, clientMaxWindowBits: bits }),
          },
        }));
    }
  }
}
run();
