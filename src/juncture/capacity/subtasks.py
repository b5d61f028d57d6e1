"""How a job gets more subtasks, as far as it can have them."""

from __future__ import annotations

from juncture.model.job import MOST_PARALLELISM


def more_subtasks(name: str, wanted: float, most: int) -> str:
    """What to do for a job that needs so many subtasks.

    Args:
        name: the job's.
        wanted: subtasks that would be enough.
        most: its max_parallelism.
    """
    if wanted > MOST_PARALLELISM:
        return (
            f"no `parallelism` is enough: it would take {wanted:,.0f}, and Flink has {MOST_PARALLELISM:,} at the most;"
            " leave a part of the topics' records to other jobs"
        )
    told = f"raise `parallelism` in jobs/{name}.yaml to {wanted:.0f} or more, with as many partitions"
    if wanted > most:
        told += (
            f", and `max_parallelism`, which is {most}, to no less: no state is restored under another one, so stop the"
            f" job, and begin without state by `juncture submit {name} --anew`"
        )
    return told
