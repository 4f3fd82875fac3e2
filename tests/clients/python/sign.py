"""A web application in Python: subscribe, wait for the radio, look up a band, assert its user.

    sign.py ws://127.0.0.1:8080/ USERNAME DOMAIN [ENDPOINT]

Prints the assertion's answer as one JSON object; exits 1 with a sentence if anything fails.
"""

import asyncio
import itertools
import json
import sys

import websockets

TIMEOUT_S = 20


class Session:
    """Requests and updates over one connection."""

    def __init__(self, socket):
        self.socket = socket
        self.numbers = itertools.count(1)
        self.events = []

    async def update(self):
        return json.loads(await self.socket.recv())

    async def ask(self, operation, **payload):
        """The payload of a successful answer; events that come before it are kept."""
        exchange = f"{operation}-{next(self.numbers)}"
        request = {"operation": operation, "exchange": exchange, "payload": payload}
        await self.socket.send(json.dumps(request))
        while True:
            update = await self.update()
            if update["exchange"] != exchange:
                self.events.append(update)
                continue
            if update["status"] != 0:
                sys.exit(f"{operation}: status {update['status']}: {update['error']}")
            return update["payload"]

    async def event(self, operation, **payload):
        """The first event of that kind, also one that came earlier."""
        while True:
            for update in self.events:
                fits = update["operation"] == operation and update["exchange"] is None
                if fits and all(update["payload"].get(k) == v for k, v in payload.items()):
                    return update["payload"]
            self.events.append(await self.update())


async def main(url, username, domain, endpoint="127.0.0.1"):
    async with websockets.connect(url) as socket:
        session = Session(socket)
        await session.ask("subscribe_endpoint", endpoint_id=endpoint)
        await session.event("endpoint", event="ble_ready")
        found = await session.ask(
            "lookup",
            query={"Username": username, "Domain": domain},
            lookup_keys=["NymiBandID"],
        )
        signed = await session.ask(
            "assert_identity", assert_type="assert_user", device=found["NymiBandID"]
        )
        assert signed["NymiBandID"] == found["NymiBandID"], signed
        assert signed["assertion"].count(".") == 2, signed
        print(json.dumps(signed))


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    try:
        asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), TIMEOUT_S))
    except TimeoutError:
        sys.exit(f"no answer within {TIMEOUT_S} s")
