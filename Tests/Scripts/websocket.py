"""A WebSocket echo server under raw frames, section by section what the Autobahn suite asks of one, and under the
`websockets` package. Only the standard library is needed for the first part. Each line of stdout tells one result; the
exit code is 1 where there was a failure.

Usage: python3 websocket.py URL [--deflate] [--package]
"""

import asyncio
import base64
import functools
import itertools
import os
import random
import socket
import struct
import sys
import time
import zlib
from urllib.parse import urlsplit

URL = urlsplit(sys.argv[1])
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
FIN, RSV1 = 0x80, 0x40
cases = []


def case(name):
    def add(body):
        cases.append((name, body))
        return body

    return add


class Closed(Exception):
    """The server closed: its close code (None without a frame)."""

    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


class Deflate:
    """The client's end of permessage-deflate, on zlib alone."""

    def __init__(self, field, level=6, bits=None):
        parameters = dict((part.strip().split("=", 1) + [""])[:2] for part in field.split(";")[1:])
        self.parameters = parameters
        self.client_no_takeover = "client_no_context_takeover" in parameters
        self.server_no_takeover = "server_no_context_takeover" in parameters
        self.client_bits = bits or int(parameters.get("client_max_window_bits") or 15)
        self.server_bits = int(parameters.get("server_max_window_bits") or 15)
        self.level = level
        self.deflater = self.inflater = None

    def compress(self, data):
        if self.deflater is None or self.client_no_takeover:
            self.deflater = zlib.compressobj(self.level, zlib.DEFLATED, -max(self.client_bits, 9))
        out = self.deflater.compress(data) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        assert out.endswith(b"\0\0\xff\xff")
        return out[:-4]

    def decompress(self, data):
        if self.inflater is None or self.server_no_takeover:
            # Exactly the window that was agreed on: 8, too.
            self.inflater = zlib.decompressobj(-self.server_bits)
        return self.inflater.decompress(data + b"\0\0\xff\xff")


class Client:
    def __init__(self, extensions=None, level=6, bits=None, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20)
        self.socket.connect((URL.hostname, URL.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        fields = "".join(f"Sec-WebSocket-Extensions: {each}\r\n" for each in extensions or [])
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET / HTTP/1.1\r\nHost: {URL.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{fields}\r\n".encode()
        )
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        self.buffer = bytearray(rest)
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1])
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        self.extensions = fields.get("sec-websocket-extensions")
        self.deflate = Deflate(self.extensions, level, bits) if self.extensions else None

    def fill(self):
        part = self.socket.recv(1 << 18)
        if not part:
            raise Closed(None)
        self.buffer += part

    def take(self, count):
        while len(self.buffer) < count:
            self.fill()
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    @staticmethod
    def encode(first, payload=b"", masked=True):
        payload = bytes(payload)
        bit = 0x80 if masked else 0
        if len(payload) < 126:
            head = struct.pack("!BB", first, bit | len(payload))
        elif len(payload) < 1 << 16:
            head = struct.pack("!BBH", first, bit | 126, len(payload))
        else:
            head = struct.pack("!BBQ", first, bit | 127, len(payload))
        if not masked:
            return head + payload
        key = os.urandom(4)
        mask = int.from_bytes((key * (len(payload) // 4 + 1))[: len(payload)], "big")
        return head + key + (int.from_bytes(payload, "big") ^ mask).to_bytes(len(payload), "big")

    def send(self, first, payload=b"", chop=None):
        self.raw(self.encode(first, payload), chop)

    def raw(self, data, chop=None):
        try:
            if not chop:
                return self.socket.sendall(data)
            for start in range(0, len(data), chop):
                self.socket.sendall(data[start : start + chop])
        except (BrokenPipeError, ConnectionResetError):
            pass  # It has closed already: what it said is to be read.

    def frame(self):
        first, second = self.take(2)
        assert second & 0x80 == 0, "a server does not mask"
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self.take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.take(8))
        return first, self.take(length)

    def message(self):
        """The next message or pong: (opcode, payload, whether it was compressed)."""
        first, payload = self.frame()
        opcode = first & 0x0F
        if opcode == CLOSE:
            assert first == FIN | CLOSE
            raise Closed(struct.unpack("!H", payload[:2])[0] if payload else 1005)
        assert first & FIN, "the server does not fragment"
        assert first & 0x30 == 0
        compressed = bool(first & RSV1)
        if compressed:
            assert self.deflate and opcode in (TEXT, BINARY)
            payload = self.deflate.decompress(payload)
        return opcode, payload, compressed

    def echo(self, opcode, payload, fragments=1, compress=False):
        data = self.deflate.compress(payload) if compress else payload
        self.send_fragmented(opcode, data, fragments, compress)
        got, echoed, compressed = self.message()
        assert (got, echoed) == (opcode, payload), f"{len(echoed)} bytes instead of {len(payload)}"
        return compressed

    def send_fragmented(self, opcode, data, fragments=1, compress=False, between=b""):
        size = max(1, -(-len(data) // fragments))
        parts = [data[start : start + size] for start in range(0, len(data), size)] or [b""]
        for index, part in enumerate(parts):
            first = (opcode | (RSV1 if compress else 0)) if index == 0 else CONTINUATION
            self.raw(self.encode(first | (FIN if index == len(parts) - 1 else 0), part) + between)

    def expect_close(self, *codes):
        try:
            while True:
                self.message()
        except Closed as closed:
            assert closed.code in codes, f"closed with {closed.code} instead of {codes}"
        except ConnectionResetError:
            assert None in codes, "reset without a close frame"
        self.socket.close()

    def finish(self):
        self.send(FIN | CLOSE, struct.pack("!H", 1000))
        self.expect_close(1000)


def fails(*codes, extensions=None):
    """A case: the frames that the body yields make the server close with one of the codes."""

    def decorate(body):
        def run():
            client = Client(extensions)
            for bytes_ in body():
                client.raw(bytes_)
            client.expect_close(*codes)

        cases.append((body.__doc__, run))

    return decorate


encode = Client.encode

# 1 Framing ----------------------------------------------------------------------------------------------------------

for kind, name in ((TEXT, "text"), (BINARY, "binary")):
    for size in (0, 125, 126, 127, 128, 65535, 65536):
        for chop in (None, 997):

            @case(f"1 {name} of {size}" + (" in chops" if chop else ""))
            def _(kind=kind, size=size, chop=chop):
                client = Client()
                payload = b"*" * size if kind == TEXT else b"\xfe" * size
                client.send(FIN | kind, payload, chop)
                assert client.message()[:2] == (kind, payload)
                client.finish()


# 2 Pings and pongs --------------------------------------------------------------------------------------------------


@case("2 pings of every size are answered, byte by byte too; unasked pongs are not")
def _():
    client = Client()
    for payload in (b"", b"Hello", b"\x00\xff\xfe\xfd", b"\xfe" * 125):
        for chop in (None, 1):
            client.send(FIN | PING, payload, chop)
            assert client.message()[:2] == (PONG, payload)
    client.send(FIN | PONG, b"unasked")
    for index in range(10):
        client.send(FIN | PING, b"%d" % index)
    for index in range(10):
        assert client.message()[:2] == (PONG, b"%d" % index)
    client.finish()


@fails(1002)
def _():
    """2 a ping of 126 bytes"""
    yield encode(FIN | PING, b"\xfe" * 126)


# 3 Reserved bits, 4 opcodes -----------------------------------------------------------------------------------------

for bits in range(1, 8):
    for opcode in (TEXT, BINARY, PING, CLOSE, CONTINUATION):

        @case(f"3 reserved bits {bits} on {opcode}")
        def _(bits=bits, opcode=opcode):
            client = Client()
            client.send(FIN | TEXT, b"before")
            assert client.message()[1] == b"before"
            client.send(FIN | bits << 4 | opcode, b"")
            client.expect_close(1002)


for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):

    @case(f"4 opcode {opcode}")
    def _(opcode=opcode):
        for payload in (b"", b"reserved"):
            client = Client()
            client.send(FIN | TEXT, b"before")
            client.send(FIN | opcode, payload)
            client.send(FIN | PING)
            assert client.message()[1] == b"before"
            client.expect_close(1002)


# 5 Fragments --------------------------------------------------------------------------------------------------------


@case("5 fragments with pings between them, whole and byte by byte")
def _():
    for chop in (None, 1):
        client = Client()
        client.send(TEXT, b"fragment1", chop)
        client.send(FIN | PING, b"ping", chop)
        client.send(CONTINUATION, b"", chop)
        client.send(FIN | CONTINUATION, b"fragment2", chop)
        assert client.message()[:2] == (PONG, b"ping")
        assert client.message()[:2] == (TEXT, b"fragment1fragment2")
        for index in range(1, 6):
            client.send(TEXT if index == 1 else CONTINUATION | (FIN if index == 5 else 0), b"%d" % index, chop)
            if index < 5:
                client.send(FIN | PING, b"p%d" % index, chop)
        assert [client.message()[1] for _ in range(5)] == [b"p1", b"p2", b"p3", b"p4", b"12345"]
        client.finish()


for name, frames in {
    "a fragmented ping": [(PING, b"a"), (FIN | CONTINUATION, b"b")],
    "a fragmented pong": [(PONG, b"a"), (FIN | CONTINUATION, b"b")],
    "a continuation of nothing, final": [(FIN | CONTINUATION, b"a"), (FIN | TEXT, b"b")],
    "a continuation of nothing": [(CONTINUATION, b"a"), (FIN | TEXT, b"b")],
    "a second message within one": [(TEXT, b"a"), (FIN | TEXT, b"b")],
    "a second fragmented message within one": [(TEXT, b"a"), (TEXT, b"b"), (FIN | CONTINUATION, b"c")],
    "a continuation after the end": [(TEXT, b"a"), (FIN | CONTINUATION, b"b"), (FIN | CONTINUATION, b"c")],
}.items():

    @case(f"5 {name}")
    def _(frames=frames):
        client = Client()
        for first, payload in frames:
            client.send(first, payload)
        client.expect_close(1002)


# 6 UTF-8 ------------------------------------------------------------------------------------------------------------

GREEK = "Hello-µ@ßöäüàá-UTF-8!! κόσμε".encode()
INVALID = [
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    b"\x80", b"\xbf", b"\x80\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xe0\x80\xaf", b"\xe0\x9f\xbf",
    b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xed\xa0\x80\xed\xb0\x80", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xfe", b"\xff", b"\xce", b"\xe1\xbd",
    b"\xf0\x9f\x98", b"\xc3\x28", b"a\x80b", b"\xce\xba\xe1",
]  # fmt: skip
VALID = [
    GREEK, b"\x00", b"\x7f", b"\xc2\x80", b"\xdf\xbf", b"\xe0\xa0\x80", b"\xed\x9f\xbf", b"\xee\x80\x80",
    b"\xef\xbf\xbd", b"\xef\xbf\xbf", b"\xf0\x90\x80\x80", b"\xf4\x8f\xbf\xbf", "\U0001f600\ufffe".encode(),
]  # fmt: skip


@case("6 valid text, cut everywhere by frames and by writes")
def _():
    client = Client()
    for text in VALID:
        client.echo(TEXT, text)
        client.echo(TEXT, text, fragments=len(text))
        client.send(FIN | TEXT, text, chop=1)
        assert client.message()[1] == text
    client.echo(TEXT, b"")
    client.send(TEXT)
    client.send(CONTINUATION)
    client.send(FIN | CONTINUATION)
    assert client.message()[:2] == (TEXT, b"")
    client.finish()


for index, text in enumerate(INVALID):

    @case(f"6 invalid text {text!r}")
    def _(text=text):
        for fragments, chop in ((1, None), (len(text), None), (1, 1)):
            client = Client()
            if fragments == 1:
                client.send(FIN | TEXT, text, chop)
            else:
                client.send_fragmented(TEXT, text, fragments)
            client.expect_close(1007)


@case("6 invalid text is refused before its message is complete")
def _():
    for rest in (b"\xf4\x90", b"\xed\xa0", b"\xff"):
        client = Client()
        client.send(TEXT, GREEK)
        client.send(CONTINUATION, rest)
        client.expect_close(1007)
        client = Client()
        # Within a frame whose end never comes.
        client.raw(struct.pack("!BBH", FIN | TEXT, 0x80 | 126, 1000) + b"\0\0\0\0" + GREEK + rest)
        client.expect_close(1007)


# 7 Closing ----------------------------------------------------------------------------------------------------------

for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999):

    @case(f"7 close {code}")
    def _(code=code):
        client = Client()
        client.send(FIN | CLOSE, struct.pack("!H", code) + b"x" * 123)
        client.expect_close(code)


for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535):

    @case(f"7 bad close {code}")
    def _(code=code):
        client = Client()
        client.send(FIN | CLOSE, struct.pack("!H", code))
        client.expect_close(1002)


@case("7 a close without a code is answered; nothing after a close is")
def _():
    client = Client()
    client.send(FIN | CLOSE)
    client.expect_close(1005)
    client = Client()
    client.send(FIN | TEXT, b"first")
    client.raw(encode(FIN | CLOSE, struct.pack("!H", 1000)) + encode(FIN | TEXT, b"late") + encode(FIN | PING, b"late"))
    assert client.message()[1] == b"first"
    client.expect_close(1000)
    client = Client()
    client.send(TEXT, b"fragment")
    client.send(FIN | CLOSE, struct.pack("!H", 1000))
    client.expect_close(1000)


@fails(1002)
def _():
    """7 a close of one byte"""
    yield encode(FIN | CLOSE, b"\x03")


@fails(1002)
def _():
    """7 a close of 126 bytes"""
    yield encode(FIN | CLOSE, struct.pack("!H", 1000) + b"x" * 124)


@fails(1007)
def _():
    """7 a close reason that is no text"""
    yield encode(FIN | CLOSE, struct.pack("!H", 1000) + b"\xce\xba\xe1")


@fails(1002)
def _():
    """7 a frame that is not masked"""
    yield encode(FIN | TEXT, b"plain", masked=False)


# 9 Large messages, 10 many small ones --------------------------------------------------------------------------------

for kind in (TEXT, BINARY):
    for size in (1 << 16, 1 << 18, 1 << 20, 4 << 20, 8 << 20, 16 << 20):

        @case(f"9 {'text' if kind == TEXT else 'binary'} of {size}, in one frame and in many")
        def _(kind=kind, size=size):
            client = Client()
            payload = b"*" * size if kind == TEXT else random.Random(1).randbytes(size)
            client.echo(kind, payload)
            if size <= 4 << 20:
                for fragment in (64, 256, 4096, 65536):
                    if size // fragment <= 1 << 14:
                        client.echo(kind, payload, fragments=size // fragment)
            client.finish()


@case("9 a message of more than 16 MiB")
def _():
    client = Client()
    client.raw(struct.pack("!BBQ", FIN | BINARY, 0x80 | 127, (16 << 20) + 1) + b"\0\0\0\0")
    client.expect_close(1009)
    client = Client()
    client.raw(struct.pack("!BBQ", FIN | BINARY, 0x80 | 127, 1 << 62) + b"\0\0\0\0")
    client.expect_close(1009)


for size in (0, 16, 64, 256, 1024):

    @case(f"9 a thousand messages of {size}, one at a time; ten thousand at once")
    def _(size=size):
        client = Client()
        payload = b"x" * size
        for _ in range(1000):
            client.echo(TEXT, payload)
        frame = encode(FIN | BINARY, payload)
        for _ in range(10):
            client.raw(frame * 1000)
            for _ in range(1000):
                assert client.message()[1] == payload
        client.finish()


@case("10 a text of 64 KiB in frames of 1300")
def _():
    client = Client()
    client.echo(TEXT, b"*" * 65536, fragments=65536 // 1300)
    client.finish()


# 12 and 13 Compression ----------------------------------------------------------------------------------------------


@functools.cache
def json_like(size, seed=1):
    """Text that compresses as chat does."""
    source = random.Random(seed)
    words = ["id", "hello", "message", "room", "at", "user", "näïve", "€", "true", "null", '{"', '":', ",", " "]
    out = bytearray()
    while len(out) < size:
        out += source.choice(words).encode() + (b"%d" % source.randrange(1000))
    text = bytes(out[:size])
    return text.decode(errors="ignore").ljust(1).encode()[:size] if size else b""


SIZES = (0, 1, 16, 64, 125, 126, 256, 1024, 4096, 8192, 16384, 32768, 65535, 65536, 131072, 300_000)
OFFERS = {
    "nothing more": "permessage-deflate",
    "client_max_window_bits": "permessage-deflate; client_max_window_bits",
    "no server takeover": "permessage-deflate; server_no_context_takeover",
    "no client takeover": "permessage-deflate; client_no_context_takeover",
    "no takeover": "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
}
for bits in range(8, 16):
    OFFERS[f"a server's window of {bits}"] = f"permessage-deflate; server_max_window_bits={bits}"
    OFFERS[f"a client's window of {bits}"] = f"permessage-deflate; client_max_window_bits={bits}"
    OFFERS[f"windows of {bits}, no takeover"] = (
        f"permessage-deflate; server_max_window_bits={bits}; client_max_window_bits={bits}; server_no_context_takeover;"
        " client_no_context_takeover"
    )

DEFLATE = "--deflate" in sys.argv

if DEFLATE:
    for name, offer in OFFERS.items():

        @case(f"12 with {name}: every size, text and binary, fragmented, both directions")
        def _(offer=offer):
            client = Client([offer])
            assert client.deflate, "declined"
            asked = {part.strip().split("=")[0] for part in offer.split(";")[1:]}
            for flag in ("server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits"):
                assert flag not in asked or flag in client.deflate.parameters, flag
            if "client_max_window_bits=" in offer:
                client.deflate.client_bits = int(offer.split("client_max_window_bits=")[1].split(";")[0])
            source = random.Random(2)
            for size in SIZES:
                for kind, payload in ((TEXT, json_like(size)), (BINARY, source.randbytes(size)), (TEXT, b"*" * size)):
                    for fragments in (1, 3, 16) if size < 10_000 else (5,):
                        compressed = client.echo(kind, payload, fragments, compress=True)
                        assert compressed or kind == BINARY or len(payload) < 64
                    client.echo(kind, payload)
            client.finish()

    for size in (16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072):

        @case(f"12 many compressed messages of {size}")
        def _(size=size):
            client = Client(["permessage-deflate; client_max_window_bits"], level=1)
            for index in range(1000 if size < 1024 else 100 if size < 16384 else 10):
                client.echo(TEXT if index % 2 else BINARY, json_like(size, index % 7), compress=True)
            client.finish()

    for name, fields, expected in (
        ("an unknown extension", ["x-webkit-deflate-frame"], None),
        ("an unknown parameter", ["permessage-deflate; foo"], None),
        ("an unknown parameter with a value", ["permessage-deflate; foo=1"], None),
        ("a value that is none", ["permessage-deflate; server_no_context_takeover=1"], None),
        ("another", ["permessage-deflate; client_no_context_takeover=true"], None),
        ("a parameter twice", ["permessage-deflate; server_no_context_takeover; server_no_context_takeover"], None),
        ("a window twice", ["permessage-deflate; server_max_window_bits=9; server_max_window_bits=9"], None),
        ("a window without its size", ["permessage-deflate; server_max_window_bits"], None),
        ("a window of 7", ["permessage-deflate; server_max_window_bits=7"], None),
        ("a window of 16", ["permessage-deflate; client_max_window_bits=16"], None),
        ("a window of 010", ["permessage-deflate; server_max_window_bits=010"], None),
        ("a window of +9", ["permessage-deflate; server_max_window_bits=+9"], None),
        ("a window in quotes", ['permessage-deflate; server_max_window_bits="10"'], {"server_max_window_bits": "10"}),
        ("a name in capitals", ["PERMESSAGE-DEFLATE"], None),
        ("a second offer", ["permessage-deflate; foo, permessage-deflate; server_max_window_bits=12"],
         {"server_max_window_bits": "12"}),
        ("a second field", ["permessage-deflate; server_max_window_bits=7", "x, permessage-deflate"], {}),
        ("the first of several", ["permessage-deflate; server_no_context_takeover, permessage-deflate"],
         {"server_no_context_takeover": ""}),
    ):  # fmt: skip

        @case(f"13 {name}")
        def _(fields=fields, expected=expected):
            client = Client(fields)
            assert client.status == 101
            agreed = client.deflate and client.deflate.parameters
            assert agreed == expected, f"{agreed} instead of {expected}"
            client.echo(TEXT, json_like(5000), compress=client.deflate is not None)
            client.finish()

    for field in ("permessage-deflate; =1", "permessage-deflate;", "per message", 'a; b="c', "a; b=", "a b; c", '"a"'):

        @case(f"13 {field} is no list of extensions")
        def _(field=field):
            assert Client([field]).status == 400

    @case("13 a client's window is not asked of one that does not name it")
    def _():
        client = Client(["permessage-deflate"])
        assert "client_max_window_bits" not in client.deflate.parameters

    PLAIN = ["permessage-deflate; client_max_window_bits"]

    def compressed(payload, **options):
        deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        return (deflater.compress(payload) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]

    @fails(1002, extensions=PLAIN)
    def _():
        """12 RSV1 on a continuation"""
        data = compressed(b"hello hello hello")
        yield encode(TEXT | RSV1, data[:3])
        yield encode(FIN | RSV1 | CONTINUATION, data[3:])

    @fails(1002, extensions=PLAIN)
    def _():
        """12 RSV1 on a continuation of a plain message"""
        yield encode(TEXT, b"a")
        yield encode(FIN | RSV1 | CONTINUATION, b"b")

    for opcode in (PING, PONG, CLOSE):

        @case(f"12 RSV1 on a control frame ({opcode})")
        def _(opcode=opcode):
            client = Client(PLAIN)
            client.send(FIN | RSV1 | opcode, compressed(b"\x03\xe8"))
            client.expect_close(1002)

    for bits in (0x20, 0x10, 0x60, 0x50, 0x70):

        @case(f"12 the other reserved bits ({bits:#x})")
        def _(bits=bits):
            client = Client(PLAIN)
            client.send(FIN | bits | TEXT, compressed(b"hello"))
            client.expect_close(1002)

    @fails(1007, 1002, extensions=PLAIN)
    def _():
        """12 what does not decompress"""
        yield encode(FIN | RSV1 | TEXT, b"\xff\xff\xff\xff")

    @fails(1007, 1002, extensions=PLAIN)
    def _():
        """12 what ends in the middle of a block"""
        yield encode(FIN | RSV1 | BINARY, compressed(random.Random(3).randbytes(1000))[:-100])

    @fails(1007, extensions=PLAIN)
    def _():
        """12 text that is none when it is decompressed"""
        yield encode(FIN | RSV1 | TEXT, compressed(GREEK + b"\xed\xa0\x80" + GREEK))

    @fails(1007, extensions=PLAIN)
    def _():
        """12 text that ends in the middle of a character"""
        yield encode(FIN | RSV1 | TEXT, compressed(GREEK + b"\xce"))

    @fails(1009, extensions=PLAIN)
    def _():
        """12 a bomb of 256 MiB in 256 KiB"""
        deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
        data = b"".join(deflater.compress(bytes(1 << 20)) for _ in range(256)) + deflater.flush(zlib.Z_SYNC_FLUSH)
        yield encode(FIN | RSV1 | BINARY, data[:-4])

    @fails(1009, extensions=PLAIN)
    def _():
        """12 a bomb in fragments"""
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        yield encode(RSV1 | BINARY, deflater.compress(bytes(1 << 20)))
        for _ in range(64):
            yield encode(CONTINUATION, deflater.compress(bytes(1 << 20)) + deflater.flush(zlib.Z_SYNC_FLUSH))

    @case("12 exactly 16 MiB, and a byte more")
    def _():
        client = Client(PLAIN, level=1)
        client.echo(BINARY, bytes(16 << 20), compress=True)
        client.echo(TEXT, (json_like(1 << 16) * 257)[: 16 << 20].decode(errors="ignore").encode(), compress=True)
        client.echo(BINARY, random.Random(5).randbytes(16 << 20), compress=True)
        client.send(FIN | RSV1 | BINARY, client.deflate.compress(bytes((16 << 20) + 1)))
        client.expect_close(1009)

    @case("12 a message byte by byte, with pings within it")
    def _():
        client = Client(PLAIN)
        text = json_like(3000)
        data = client.deflate.compress(text)
        client.send_fragmented(TEXT, data, len(data), True, between=encode(FIN | PING, b"p"))
        pongs = 0
        while True:
            opcode, payload, _ = client.message()
            if opcode == TEXT:
                break
            pongs += 1
        assert payload == text and pongs == len(data) - 1
        assert client.message()[:2] == (PONG, b"p")

    @case("12 blocks of every kind: stored, fixed, ended, in many flushes")
    def _():
        client = Client(PLAIN)
        text = json_like(2000)
        stored = zlib.compressobj(0, zlib.DEFLATED, -15)
        fixed = zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_FIXED)
        flushed = zlib.compressobj(6, zlib.DEFLATED, -15)
        ended = zlib.compressobj(6, zlib.DEFLATED, -15)
        finished = ended.compress(text) + ended.flush()
        for data in (
            (stored.compress(text) + stored.flush(zlib.Z_SYNC_FLUSH))[:-4],
            (fixed.compress(text) + fixed.flush(zlib.Z_SYNC_FLUSH))[:-4],
            b"".join(
                flushed.compress(text[at : at + 100]) + flushed.flush(zlib.Z_SYNC_FLUSH) for at in range(0, len(text), 100)
            )[:-4],
            finished + b"\0",
            finished,
        ):
            client.send(FIN | RSV1 | TEXT, data)
            assert client.message()[1] == text
        # Empty: as it should be, and as some make it.
        for data in (b"\0", b""):
            client.send(FIN | RSV1 | TEXT, data)
            assert client.message()[1] == b""
        client.finish()

    @case("12 plain and compressed messages in turn share a context")
    def _():
        client = Client(PLAIN)
        first = client.deflate.compress(json_like(1000))
        client.send(FIN | RSV1 | TEXT, first)
        client.message()
        again = client.deflate.compress(json_like(1000))
        assert len(again) < len(first) / 4
        client.echo(TEXT, json_like(1000, 9))
        client.send(FIN | RSV1 | TEXT, again)
        assert client.message()[1] == json_like(1000)
        client.finish()

else:

    @case("13 nothing is agreed on where compression is off")
    def _():
        client = Client(["permessage-deflate; client_max_window_bits"])
        assert client.status == 101 and client.extensions is None
        client.send(FIN | RSV1 | TEXT, b"\0")
        client.expect_close(1002)


# The package --------------------------------------------------------------------------------------------------------

if "--package" in sys.argv:
    from websockets.asyncio.client import connect
    from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

    async def with_package(factory, url):
        options = {"extensions": [factory], "compression": None} if factory else {}
        async with connect(url, max_size=None, **options) as socket:
            assert bool(socket.protocol.extensions) == DEFLATE
            for size in SIZES:
                for payload in (json_like(size).decode(), random.Random(size).randbytes(size)):
                    await socket.send(payload)
                    assert await socket.recv() == payload
                    middle = len(payload) // 2
                    await socket.send([payload[:middle], payload[middle:]])
                    assert await socket.recv() == payload
            await asyncio.gather(*(socket.send(f"{{\"n\":{index}}}" * 50) for index in range(1000)))
            for index in range(1000):
                assert await socket.recv() == f"{{\"n\":{index}}}" * 50

    choices = [False, True]
    for server_free, client_free, server_bits, client_bits in (
        [(False, False, None, None)] if not DEFLATE else
        itertools.chain(
            itertools.product(choices, choices, [None, 15], [None, True, 15]),
            ((free, free, bits, bits) for free in choices for bits in range(9, 15)),
        )
    ):  # fmt: skip

        @case(f"websockets with {server_free} {client_free} {server_bits} {client_bits}")
        def _(arguments=(server_free, client_free, server_bits, client_bits)):
            factory = ClientPerMessageDeflateFactory(*arguments) if DEFLATE else None
            asyncio.run(with_package(factory, f"ws://{URL.netloc}/"))


def main():
    failures = 0
    only = os.environ.get("ONLY", "")
    chosen = [each for each in cases if each[0].startswith(only)]
    for name, body in chosen:
        start = time.monotonic()
        try:
            body()
            print(f"ok {name} ({(time.monotonic() - start) * 1000:.0f} ms)", flush=True)
        except Exception as error:  # noqa: BLE001: each is a result
            failures += 1
            print(f"not ok {name}: {type(error).__name__}: {str(error)[:300]}", flush=True)
    print(f"# {len(chosen)} cases, {failures} failures")
    sys.exit(1 if failures else 0)


main()
