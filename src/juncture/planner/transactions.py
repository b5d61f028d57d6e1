"""Transactions that are open on a Kafka cluster, asked for with the connector's own client in the planner's process.

librdkafka, which everything else asks with, does not know these requests.
"""

from __future__ import annotations

import re
from typing import Any

from pyflink.java_gateway import get_gateway

from juncture.planner.javaerrors import root_cause
from juncture.planner.operatorstate import each

_TIMEOUT = 8_000


def open_transactions(request: dict[str, Any]) -> dict[str, Any]:
    """The open transactions of a Flink sink.

    Request: `properties` (of the Java client), `prefix` (of the sink's transactional ids). Answer: `transactions`
    ({id: when it began, in ms of the epoch}), or `error` in the client's words.
    """
    jvm = get_gateway().jvm
    admin = jvm.org.apache.flink.kafka.shaded.org.apache.kafka.clients.admin
    properties = jvm.java.util.Properties()
    for name, value in request["properties"].items():
        properties.setProperty(name, value)
    found: dict[str, int] = {}
    try:
        client = admin.Admin.create(properties)
        try:
            states = jvm.java.util.Collections.singleton(admin.TransactionState.ONGOING)
            options = admin.ListTransactionsOptions().filterStates(states).timeoutMs(_TIMEOUT)
            ours = re.compile(rf"{re.escape(request['prefix'])}-\d+-\d+")
            ids = jvm.java.util.ArrayList()
            for listed in each(client.listTransactions(options).all().get()):
                if ours.fullmatch(listed.transactionalId()):
                    ids.add(listed.transactionalId())
            described = client.describeTransactions(
                ids, admin.DescribeTransactionsOptions().timeoutMs(_TIMEOUT)
            )
            for entry in each(described.all().get().entrySet()):
                begun = entry.getValue().transactionStartTimeMs()
                if begun.isPresent():
                    found[entry.getKey()] = int(begun.getAsLong())
        finally:
            client.close()
    except Exception as error:
        return {"transactions": {}, "error": root_cause(str(error))}
    return {"transactions": found, "error": None}
