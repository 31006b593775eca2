"""An MQTT way between a gateway and a client that drops one delivery, doubles one and swaps two, on request.

It works on packets: a dropped one is acknowledged in the client's place, or the server would bring it again; a doubled one
comes a second time under a packet id of its own; swapped ones exchange what they carry.
"""

import asyncio

PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 3, 4, 5, 6, 7
OWN_ID = 65000  # beyond what a server's window of 32 reaches in such a test


class Packet:
    def __init__(self, first, body):
        self.first, self.body = first, body
        self.type, self.qos = first >> 4, first >> 1 & 3

    def bytes(self):
        length, encoded = len(self.body), bytearray()
        while True:
            length, digit = divmod(length, 128)
            encoded.append(digit | (128 if length else 0))
            if not length:
                return bytes([self.first]) + bytes(encoded) + self.body

    # Of a PUBLISH.
    @property
    def topic(self):
        return self.body[2:2 + int.from_bytes(self.body[:2], "big")].decode()

    def _id_at(self):
        return 2 + int.from_bytes(self.body[:2], "big") if self.type == PUBLISH else 0

    @property
    def id(self):
        at = self._id_at()
        return int.from_bytes(self.body[at:at + 2], "big")

    def with_id(self, number):
        at = self._id_at()
        return Packet(self.first, self.body[:at] + number.to_bytes(2, "big") + self.body[at + 2:])


def acknowledgement(kind, number):
    return Packet(kind << 4 | (2 if kind == PUBREL else 0), number.to_bytes(2, "big"))


async def read_packet(reader):
    first = (await reader.readexactly(1))[0]
    length, shift = 0, 0
    while True:
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 127) << shift
        shift += 7
        if not digit & 128:
            return Packet(first, await reader.readexactly(length))


class FaultyWay:
    """Faults asked for by `wanted` ("drop", "double", "swap") befall the next delivery that `fits`, on any connection.

    fits(packet): whether a PUBLISH from the server is one that the ledger waits for."""

    def __init__(self, host, port, fits):
        self._host, self._port, self._fits = host, port, fits
        self.wanted, self.done = [], []
        self.address = ""

    async def listen(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader, writer):
        there, back = await asyncio.open_connection(self._host, self._port)
        connection = Connection(self, to_client=writer, to_server=back)
        try:
            await asyncio.gather(self._pump(there, connection.from_server), self._pump(reader, connection.from_client))
        finally:
            writer.close()
            back.close()

    @staticmethod
    async def _pump(reader, take):
        try:
            while True:
                take(await read_packet(reader))
        except (asyncio.IncompleteReadError, OSError):
            pass


class Connection:
    def __init__(self, way, to_client, to_server):
        self._way, self._to_client, self._to_server = way, to_client, to_server
        self._dropped = set()  # packet ids whose handshake with the server is ours
        self._held = None      # the first of two that are swapped

    def from_server(self, packet):
        if packet.type == PUBREL and packet.id in self._dropped:
            self._dropped.discard(packet.id)
            return self._to_server.write(acknowledgement(PUBCOMP, packet.id).bytes())
        if packet.type != PUBLISH or packet.qos == 0 or not self._way._fits(packet):
            return self._to_client.write(packet.bytes())
        if self._held is not None:
            return self._swap(packet)
        wanted = self._way.wanted
        fault = wanted.pop(0) if wanted else None
        if fault == "swap":
            self._held = packet
        elif fault == "drop":
            self._drop(packet)
        else:
            self._to_client.write(packet.bytes())
            if fault == "double":
                self._way.done.append("double")
                self._to_client.write(packet.with_id(OWN_ID).bytes())

    def _drop(self, packet):
        self._way.done.append("drop")
        if packet.qos == 2:
            self._dropped.add(packet.id)
        self._to_server.write(acknowledgement(PUBREC if packet.qos == 2 else PUBACK, packet.id).bytes())

    def _swap(self, packet):
        if packet.topic != self._held.topic:
            return self._to_client.write(packet.bytes())
        first, self._held = self._held, None
        self._way.done.append("swap")
        self._to_client.write(packet.with_id(first.id).bytes())
        self._to_client.write(first.with_id(packet.id).bytes())

    def from_client(self, packet):
        if packet.type in (PUBACK, PUBREC, PUBCOMP) and packet.id == OWN_ID:
            if packet.type == PUBREC:
                self._to_client.write(acknowledgement(PUBREL, OWN_ID).bytes())
            return
        self._to_server.write(packet.bytes())
