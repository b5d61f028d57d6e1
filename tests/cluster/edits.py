"""Edits of a running join: what each does to its state, and the rows that come out after a real restore."""

from __future__ import annotations

from dataclasses import dataclass

from juncture.model.verdict import Verdict

IMPRESSIONS, CLICKS, ADS = (
    f"{{{{ source('{name}') }}}}" for name in ("page_impressions", "page_clicks", "ad_clicks")
)
WITHIN = "c.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '10' MINUTE"


def join(
    note: str = "c.target",
    kind: str = "JOIN",
    on: str = f"c.impression_id = i.impression_id AND {WITHIN}",
    impressions: str = IMPRESSIONS,
    clicks: str = CLICKS,
    hint: str = "",
    more: str = "",
) -> str:
    """A join of impressions with clicks; `note` is its third column."""
    return (
        f"SELECT {hint} i.impression_id, c.click_id, {note} AS note\nFROM {impressions} AS i\n"
        f"{kind} {clicks} AS c\n    ON {on}\n{more}"
    )


def funnel(
    seen: str = "LEFT JOIN",
    clicked: str = "LEFT JOIN",
    within: tuple[int, int] = (30, 60),
    note: str = "c.landing_page",
    more: str = "",
) -> str:
    """Requests with what was seen and clicked of them, by one operator; bounds in minutes."""
    first, second = (
        f"BETWEEN r.requested_at AND r.requested_at + INTERVAL '{minutes}' MINUTE(3)" for minutes in within
    )
    return (
        f"SELECT r.request_id, CAST(s.viewable_ms AS STRING), {note}\nFROM {{{{ source('ad_requests') }}}} AS r\n"
        f"{seen} {{{{ source('ad_impressions') }}}} AS s ON s.request_id = r.request_id AND s.seen_at {first}\n"
        f"{clicked} {ADS} AS c ON c.request_id = r.request_id AND c.clicked_at {second}\n{more}"
    )


def counts(hint: str = "") -> str:
    """How many pairs each target has, by an aggregation that keeps that."""
    return f"SELECT {hint} 'i', CAST(COUNT(*) AS STRING), j.note\nFROM ({join()}) AS j\nGROUP BY j.note\n"


REGULAR = "c.impression_id = i.impression_id"
LIVES = "/*+ STATE_TTL('i' = '1 h', 'c' = '1 h') */"
WIDE = "i.page || c.target"


def field(name: str, of: str = "i.payload", kind: str = "STRING") -> str:
    """A field of a record's payload, decoded after the join."""
    return f"{{{{ json_field('{of}', '{name}', '{kind}') }}}}"


ALL = ("i1 c1", "i2 c2", "i3 c3", "i5 c5")
"""The pairs: i1 and c1 before the edit, the click of i2 and of i3 after it, both of i5 after it."""


FOUR = ("i 4 ad",)
"""All clicks are on one target, and the first of them was counted before the edit."""


@dataclass(frozen=True)
class Edit:
    """From `old` to `new`, with the verdict on the join; `rows` as 'impression click', None where Flink refuses.

    Where rows are 'impression click note', what was selected is compared, too.

    `because` is in the reasons; ' ... ' is between what is in one or the other. Of two rows that match, Flink marks
    the one that came second, whatever the kind of join: `clicks_first` says which that is. `chained` edits read the ad
    topics by one operator; `counted` ones write a row for each note.
    """

    name: str
    old: str
    new: str
    verdict: Verdict
    rows: tuple[str, ...] | None = ALL
    because: str = ""
    clicks_first: bool = False
    chained: bool = False
    counted: bool = False


def _same(
    name: str, new: str, old: str | None = None, rows: tuple[str, ...] = ALL, because: str = ""
) -> Edit:
    return Edit(name, old or join(), new, "KEEP", rows, because)


def _lost(name: str, new: str, because: str, old: str | None = None) -> Edit:
    return Edit(name, old or join(), new, "LOST", None, because)


SEEN = ("r1 1 shop", "r2 2 shop", "r3 3 shop", "r4 - -", "r5 5 shop")
"""What becomes of requests: r1 is whole before the edit; after it come the click of r2, and all but itself of r3."""


def _chain(
    name: str, new: str, verdict: Verdict, rows: tuple[str, ...] | None, because: str = "", old: str = ""
) -> Edit:
    return Edit(name, old or funnel(), new, verdict, rows, because, chained=True)


EDITS = (
    # Flink restores the same state for all of these; of each by itself the verdict is that of all at once, or better.
    _same(
        "aliases, a comment, conditions and columns in another order, functions, a constant, a filter over both sides",
        "-- why\n"
        + join(
            note="COALESCE(UPPER(CONCAT(c.target, i.page)), 'none')",
            on=f"{WITHIN} AND c.impression_id = i.impression_id",
            more="WHERE i.page <> c.target\n\n",
        )
        .replace(" AS c\n", " AS k\n")
        .replace("c.", "k."),
        join(note="CONCAT(i.page, c.target)"),
    ),
    _same(
        "narrower bounds",
        join(on=f"{REGULAR} AND {WITHIN.replace('10', '1')}"),
        rows=("i1 c1", "i5 c5"),
        because="narrower",
    ),
    _same("left to inner", join(), join(kind="LEFT JOIN")),
    _same("full to left", join(kind="LEFT JOIN"), join(kind="FULL JOIN")),
    _same(
        "one more topic, joined with the result",
        join(
            more=(
                f"LEFT JOIN {ADS} AS a ON a.request_id = i.impression_id"
                " AND a.clicked_at BETWEEN i.served_at AND i.served_at + INTERVAL '1' MINUTE"
            )
        ),
    ),
    _same(
        "one more column, and one of another type, decoded after a left join from the payload of either side",
        join(
            kind="LEFT JOIN",
            note=f"CONCAT(CAST({field('member_id', kind='BIGINT')} + 1 AS STRING), {field('target', 'c.payload')},"
            f" '/', {field('items')})",
        ),
        join(kind="LEFT JOIN", note=f"CONCAT({field('member_id')}, {field('target', 'c.payload')})"),
        rows=("i1 c1 7ad", "i2 c2 8ad/list", "i3 c3 8ad/list", "i5 c5 8ad/list"),
    ),
    Edit(
        "wider bounds",
        join(),
        join(on=f"{REGULAR} AND {WITHIN.replace('10', '20')}"),
        "KEEP_WITH_GAP",
        because="wider",
    ),
    Edit(
        "a filter before the join",
        join(),
        join(more="WHERE c.target <> 'none'"),
        "KEEP_WITH_GAP",
        because="only the old filter",
    ),
    Edit(
        "no filter any more",
        join(more="WHERE i.page <> 'jobs'", note=WIDE),
        join(note=WIDE),
        "KEEP_WITH_GAP",
        rows=("i1 c1", "i2 c2", "i5 c5"),
        because="left out",
    ),
    Edit("inner to full", join(), join(kind="FULL JOIN"), "WRONG_RESULTS", (*ALL, "i1 -"), "has not marked"),
    Edit(
        "left to full",
        join(kind="LEFT JOIN"),
        join(kind="FULL JOIN"),
        "WRONG_RESULTS",
        (*ALL, "- c1"),
        "has not marked",
        clicks_first=True,
    ),
    Edit(
        "another column of the same type",
        join(note="i.page"),
        join(note="i.items"),
        "WRONG_RESULTS",
        because="page_impressions.page, this version expects page_impressions.items",
    ),
    Edit(
        "a column computed before the join",
        join(note="i.page"),
        join(
            note="i.page",
            impressions=(f"(SELECT impression_id, UPPER(page) AS page, served_at FROM {IMPRESSIONS})"),
        ),
        "WRONG_RESULTS",
        because="UPPER(page)",
    ),
    Edit(
        "another key of the same type",
        join(note=WIDE),
        join(note=WIDE, on=f"c.target = i.impression_id AND {WITHIN}"),
        "LOST",
        None,
    ),
    _lost(
        "one more column of either side",
        join(note=WIDE),
        "page_impressions.page now becomes part of the state ... page_clicks.target now becomes",
        join(note="i.impression_id"),
    ),
    _lost("a column less", join(), "page_impressions.page leaves the state", join(note=WIDE)),
    _lost(
        "one more key",
        join(note=WIDE, on=f"{REGULAR} AND c.target = i.page AND {WITHIN}"),
        "looks them up by",
        join(note=WIDE),
    ),
    _lost("a longer type", join(note="CAST(i.member_id AS STRING)"), "now", join(note="i.page")),
    Edit(
        "no bounds any more", join(), join(on=REGULAR, hint=LIVES), "LOST", ("i1 c1", "i5 c5"), "begins empty"
    ),
    Edit(
        "the sides change places",
        join(),
        (
            f"SELECT i.impression_id, c.click_id, c.target AS note\nFROM {CLICKS} AS c\nJOIN {IMPRESSIONS} AS i\n"
            f"    ON {REGULAR} AND {WITHIN}"
        ),
        "LOST",
        ("i1 c1", "i5 c5"),
        "begins empty",
    ),
    Edit(
        "a longer time to live",
        join(on=REGULAR, hint=LIVES),
        join(on=REGULAR, hint=LIVES.replace("1 h", "2 h")),
        "KEEP_WITH_GAP",
        because="kept longer",
    ),
    Edit(
        "a time to live where there was none, and a function",
        join(on=REGULAR),
        join(on=REGULAR, hint=LIVES, note="UPPER(c.target)"),
        "KEEP",
        because="new time to live",
    ),
    Edit(
        "no time to live any more",
        join(on=REGULAR, hint=LIVES),
        join(on=REGULAR),
        "KEEP_WITH_GAP",
        because="kept longer",
    ),
    Edit(
        "an aggregation's time to live where there was none",
        counts(),
        counts("/*+ STATE_TTL('j' = '1 h') */"),
        "KEEP",
        FOUR,
        "new time to live",
        counted=True,
    ),
    Edit(
        "an aggregation without a time to live any more",
        counts("/*+ STATE_TTL('j' = '1 h') */"),
        counts(),
        "KEEP_WITH_GAP",
        FOUR,
        "kept longer",
        counted=True,
    ),
    _lost(
        "a regular join's column",
        join(on=REGULAR, hint=LIVES, note=WIDE),
        "now becomes",
        join(on=REGULAR, hint=LIVES),
    ),
    _chain(
        "a narrower bound in a chain",
        funnel(within=(15, 60)),
        "KEEP",
        ("r1 1 shop", "r2 - shop", "r3 3 shop", "r4 - -", "r5 - shop"),
        "narrower",
    ),
    _chain("a wider bound in a chain", funnel(within=(30, 90)), "KEEP_WITH_GAP", SEEN, "wider"),
    _chain(
        "inner to left in a chain",
        funnel(),
        "KEEP_WITH_GAP",
        SEEN,
        "had found nothing for",
        funnel(seen="JOIN"),
    ),
    _chain("left to inner in a chain", funnel("JOIN", "JOIN"), "KEEP", (*SEEN[:3], SEEN[4])),
    _chain(
        "one more column of a chain's first topic",
        funnel(note="COALESCE(r.placement, c.landing_page)"),
        "KEEP",
        ("r1 1 shop", "r2 2 shop", "r3 3 shop", "r4 - -", "r5 5 top"),
        "placement is null",
    ),
    _chain(
        "one more topic in a chain",
        funnel(
            more=(
                f"LEFT JOIN {CLICKS} AS p ON p.impression_id = r.request_id"
                " AND p.clicked_at BETWEEN r.requested_at AND r.requested_at + INTERVAL '1' MINUTE"
            )
        ),
        "LOST",
        None,
        "neither reads the other's state",
    ),
)
