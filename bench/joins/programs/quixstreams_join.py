"""Quix Streams' interval join of the benchmark's topics: python quixstreams_join.py JSON."""

import json
import multiprocessing
import os
import sys

from quixstreams import Application

GIVEN = json.loads(sys.argv[1])


def run(number):
    app = Application(
        broker_address=GIVEN["bootstrap"],
        consumer_group=GIVEN["result"],
        auto_offset_reset="earliest",
        state_dir=f"{GIVEN['state']}/{number}",
        commit_interval=GIVEN["checkpoint_s"],
        loglevel="WARNING",
    )
    typed = {"key_deserializer": "str", "value_deserializer": "json"}
    server = app.dataframe(app.topic(GIVEN["topics"]["server"], **typed))
    client = app.dataframe(app.topic(GIVEN["topics"]["client"], **typed))
    joined = client.join_interval(
        server,
        how="inner",
        on_merge=lambda clicked, served: {**served, **clicked},
        grace_ms=GIVEN["keep_ms"],
        backward_ms=GIVEN["window_ms"],
        forward_ms=0,
    )
    joined.to_topic(app.topic(GIVEN["result"], key_serializer="str", value_serializer="json"))
    print("UP", flush=True)
    app.run()


if __name__ == "__main__":
    for other in range(1, int(os.environ["BENCH_THREADS"])):
        multiprocessing.Process(target=run, args=(other,)).start()
    run(0)
