"""Pathway's interval join of the benchmark's topics: python pathway_join.py JSON."""

import json
import sys

import pathway as pw

GIVEN = json.loads(sys.argv[1])


class Server(pw.Schema):
    """A server event."""

    request_id: str
    member_id: int
    page: str
    items: str
    server_ts: int


class Client(pw.Schema):
    """A client event."""

    request_id: str
    event: str
    ua: str
    client_ts: int


def main():
    settings = {
        "bootstrap.servers": GIVEN["bootstrap"],
        "group.id": GIVEN["result"],
        "session.timeout.ms": "6000",
        "auto.offset.reset": "earliest",
    }
    topics = GIVEN["topics"]
    server = pw.io.kafka.read(settings, topic=topics["server"], schema=Server, format="json")
    client = pw.io.kafka.read(settings, topic=topics["client"], schema=Client, format="json")
    joined = server.interval_join(
        client,
        server.server_ts,
        client.client_ts,
        pw.temporal.interval(0, GIVEN["window_ms"]),
        server.request_id == client.request_id,
        behavior=pw.temporal.common_behavior(cutoff=GIVEN["keep_ms"]),
    ).select(
        server.request_id,
        server.member_id,
        server.page,
        server.items,
        server.server_ts,
        client.event,
        client.ua,
        client.client_ts,
    )
    pw.io.kafka.write(joined, settings, GIVEN["result"], format="json")
    print("UP", flush=True)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)


if __name__ == "__main__":
    main()
