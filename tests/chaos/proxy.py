"""A TCP way between two processes that can be cut, held up and slowed down. All ways live on one thread of their own."""

import asyncio
import socket
import struct
import threading

CHUNK = 65536


class Ways:
    """The event loop of all ways. start() before add(); the methods of Way may be called from any thread."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.by_name = {}

    def add(self, name, target):
        """target: "host:port". Returns the way, which listens on a free port of the loopback."""
        way = Way(self._loop, target)
        asyncio.run_coroutine_threadsafe(way.listen(), self._loop).result()
        self.by_name[name] = way
        return way

    def close(self):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    async def _end(self):
        for way in self.by_name.values():
            way.end()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Way:
    def __init__(self, loop, target):
        self._loop = loop
        self._host, _, self._port = target.rpartition(":")
        self._writers = set()
        self._refuses = False
        self._delay = 0.0
        self._flows = None  # an asyncio.Event: bytes may pass
        self._server = None
        self.address = ""

    async def listen(self):
        self._flows = asyncio.Event()
        self._flows.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self):
        """Resets every connection and refuses new ones."""
        self._call(self._cut)

    def stall(self):
        """Holds everything up, new connections too; nothing is lost."""
        self._call(self._flows.clear)

    def slow(self, seconds=0.2):
        self._call(lambda: setattr(self, "_delay", seconds))

    def heal(self):
        def healed():
            self._refuses, self._delay = False, 0.0
            self._flows.set()
        self._call(healed)

    def _call(self, action):
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (action(), done.set()))
        done.wait(timeout=5)

    def end(self):
        """On the loop's thread: no further connections."""
        self._server.close()
        self._cut()

    def _cut(self):
        self._refuses = True
        for writer in list(self._writers):
            _reset(writer)

    async def _serve(self, reader, writer):
        if self._refuses:
            return _reset(writer)
        await self._flows.wait()
        try:
            there, back = await asyncio.open_connection(self._host, int(self._port))
        except OSError:
            return _reset(writer)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        except asyncio.CancelledError:
            pass  # the end of all ways
        finally:
            self._writers -= {writer, back}
            writer.close()
            back.close()

    async def _pump(self, reader, writer):
        try:
            while data := await reader.read(CHUNK):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        # One direction's end is the end: none of these protocols lives on half a connection.
        writer.close()


def _reset(writer):
    """Closes with RST, as a host that has forgotten the connection would."""
    peer = writer.get_extra_info("socket")
    if peer is not None:
        try:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
    writer.transport.abort()
