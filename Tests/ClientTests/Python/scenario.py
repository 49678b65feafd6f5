"""python-socketio: connect, join, send, receive, typing, a cut and a resume with the asynchronous client; then the other
one, whose WebSocket says less about itself. Neither may be given the offset of a recovery: a handler in Python takes the
arguments that it names, and one more is an error."""

import asyncio
import json
import os
import sys
import time
import urllib.request

import socketio

API = os.environ["CHAT_URL"]
GATEWAYS = os.environ["CHAT_GATEWAYS"].split(",")
TRANSPORTS = sys.argv[1].split("+")


def call(method, path, token=None, body=None):
    request = urllib.request.Request(API + path, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(request, data, timeout=10) as answer:
        return json.loads(answer.read() or b"null")


def person(name):
    session = call("POST", "/api/auth/register", None, {
        "username": f"{name}-py-{os.getpid()}-{time.monotonic_ns() % 10**9}",
        "password": "correct horse",
    })
    return {**session["user"], "token": session["accessToken"]}


async def connect(who, gateway=0):
    client = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.2)
    client.seen = []

    @client.on("*")
    async def anything(event, *args):
        client.seen.append((event, args))

    await client.connect(GATEWAYS[gateway], auth={"token": who["token"]}, transports=TRANSPORTS, wait_timeout=10)
    return client


def seqs(client):
    return [args[0]["seq"] for event, args in client.seen if event == "message:new"]


def check_arguments(seen):
    """Each event has its one argument, and `offset` is not among them."""
    assert seen and all(len(args) == 1 and isinstance(args[0], dict) for event, args in seen), seen


async def until(what, condition, limit=15):
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {limit} s")
        await asyncio.sleep(0.01)


async def main():
    ann, bob = person("ann"), person("bob")
    room = call("POST", "/api/conversations", ann["token"], {
        "type": "group", "title": "python", "participants": [bob["id"]]})["id"]

    def send(body):
        return call("POST", "/api/messages", ann["token"], {"conversationId": room, "body": body})

    a, b = await connect(ann, 0), await connect(bob, 1)
    for client in (a, b):
        ack = await client.call("join", {"conversationId": room, "afterSeq": 0}, timeout=10)
        assert ack["ok"] is True and ack["lastSeq"] == 0, ack
    ack = await a.call("message:send", {"conversationId": room, "body": "grüße 🐎"}, timeout=10)
    assert ack["ok"] and ack["message"]["seq"] == 1, ack
    ack = await b.call("message:send", {"conversationId": room, "body": "hello"}, timeout=10)
    assert ack["message"]["seq"] == 2, ack
    assert send("by HTTP")["seq"] == 3
    for client in (a, b):
        await until("three messages", lambda: len(seqs(client)) >= 3)
        assert seqs(client) == [1, 2, 3], seqs(client)
        # Who is there is told too, and when.
        assert next(args for event, args in client.seen if event == "message:new")[0]["body"] == "grüße 🐎"

    ack = await a.call("typing", {"conversationId": room, "isTyping": True}, timeout=10)
    assert ack["ok"], ack
    await until("typing", lambda: any(event == "typing" and args[0]["userId"] == ann["id"] for event, args in b.seen))

    # Binary is answered, not a reason to go.
    ack = await a.call("message:send", {"conversationId": room, "body": b"\x00\xff"}, timeout=10)
    assert ack["error"]["code"] == "invalid_request", ack
    ack = await a.call("no such event", {"x": 1}, timeout=10)
    assert ack["error"]["code"] == "invalid_request", ack

    # The transport breaks; the client comes back by itself and joins from its cursor.
    reconnected = asyncio.Event()

    b.on("connect", lambda: reconnected.set())
    old = b.get_sid()
    if b.eio.current_transport == "websocket":
        await b.eio.ws.close()
    else:
        await b.eio.http.close()
    for index in range(5):
        await asyncio.to_thread(send, f"while away {index}")
    await asyncio.wait_for(reconnected.wait(), 20)
    assert b.get_sid() != old
    ack = await b.call("join", {"conversationId": room, "afterSeq": seqs(b)[-1]}, timeout=10)
    assert ack["ok"] and "reset" not in ack, ack
    await asyncio.to_thread(send, "back")
    await until("the rest", lambda: len(seqs(b)) >= 9)
    assert seqs(b) == list(range(1, 10)), seqs(b)

    ack = await b.call("leave", {"conversationId": room}, timeout=10)
    assert ack["ok"], ack
    await asyncio.to_thread(send, "not for Bob")
    await until("at Ann's", lambda: len(seqs(a)) >= 10)
    assert seqs(b)[-1] == 9

    for client in (a, b):
        check_arguments(client.seen)

    stranger = socketio.AsyncClient(reconnection=False)
    refusal = []
    stranger.on("connect_error", lambda data: refusal.append(data))
    try:
        await stranger.connect(GATEWAYS[0], auth={"token": "nonsense"}, transports=TRANSPORTS, wait_timeout=10)
        raise SystemExit("connected with a token that is none")
    except socketio.exceptions.ConnectionError:
        pass
    assert refusal and refusal[0]["data"]["code"] == "unauthenticated", refusal
    await a.disconnect()
    await b.disconnect()
    await asyncio.to_thread(synchronous, ann, room, send)
    print("DONE")


def synchronous(who, room, send):
    seen = []
    client = socketio.Client(reconnection=False)
    client.on("*", lambda event, *args: seen.append((event, args)))
    client.connect(GATEWAYS[0], auth={"token": who["token"]}, transports=TRANSPORTS, wait_timeout=10)
    ack = client.call("join", {"conversationId": room, "afterSeq": 8}, timeout=10)
    assert ack["ok"] and ack["replayed"] == 2, ack
    send("to the other client")
    ack = client.call("message:send", {"conversationId": room, "body": "from it"}, timeout=10)
    assert ack["ok"] and ack["message"]["seq"] == 12, ack
    deadline = time.monotonic() + 15
    while len(seen) < 4:
        assert time.monotonic() < deadline, seen
        time.sleep(0.01)
    assert [args[0]["seq"] for event, args in seen] == [9, 10, 11, 12], seen
    check_arguments(seen)
    client.disconnect()


asyncio.run(main())
