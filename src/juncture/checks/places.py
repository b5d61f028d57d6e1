"""Places of joins, columns and functions in the author's text of a query."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from juncture.checks.tokens import Token, closing, tokens
from juncture.model.flow import Flow
from juncture.model.plan import PlanNode
from juncture.model.rendered import RenderedJob

CLAUSES = frozenset(
    {
        "AND", "AS", "BETWEEN", "BY", "CASE", "CROSS", "ELSE", "END", "FROM", "FULL", "GROUP", "HAVING", "INNER",
        "JOIN", "LEFT", "LIMIT", "NOT", "ON", "OR", "ORDER", "RIGHT", "SELECT", "THEN", "UNION", "USING", "WHEN",
        "WHERE", "WITH",
    }
)  # fmt: skip
_ENDS_ON = frozenset(
    {"JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "WHERE", "GROUP", "HAVING", "UNION", "ORDER", "ON"}
)
_ENDS_LIST = frozenset({"FROM", "WHERE", "HAVING", "LIMIT", "UNION", "ON", ")", "GROUP BY", "ORDER BY"})
_HINT = re.compile(r"/\*\+.*?\*/", re.DOTALL)
_SUBQUERY = frozenset({"EXISTS", "IN"})


@dataclass(frozen=True)
class Named:
    """A table as the query names it: alias, table, offset of the table's name."""

    alias: str
    table: str
    offset: int


@dataclass(frozen=True)
class Term:
    """A column as the query writes it: (alias or None, column), and its offset."""

    name: tuple[str | None, str]
    offset: int


class Places:
    """Finds offsets in the insert statement of a rendered job."""

    def __init__(self, rendered: RenderedJob) -> None:
        self._rendered = rendered
        self.tokens = tokens(rendered.insert.text)

    @property
    def query(self) -> int:
        """The offset of the query itself, after INSERT INTO."""
        return next((t.start for t in self.tokens if t.word in ("SELECT", "WITH")), 0)

    def named(self) -> tuple[Named, ...]:
        """The tables that the query names, in its order, each with its alias (its own name without one)."""
        found = []
        for reference in self._rendered.references:
            at = self._index(reference.offset)
            alias = reference.table
            after = at + 1
            if self._word(after) == "FOR" and self._word(after + 1) == "SYSTEM_TIME":
                after += 4  # FOR SYSTEM_TIME AS OF
                while self._word(after + 1) == ".":
                    after += 2
                after += 1
            if self._word(after) == "AS":
                after += 1
            if after < len(self.tokens) and self.tokens[after].is_name:
                word = self.tokens[after].word.split(" ")[0]
                alias = alias if word in _ENDS_ON or word == "FOR" else self.tokens[after].text
            found.append(Named(alias, reference.table, reference.offset))
        return tuple(found)

    def scan(self, flow: Flow, scan: PlanNode, nth: int = 0) -> int:
        """Where the query names the table of a scan: of its occurrences the `nth`."""
        names = flow.plan.tables(scan)
        places = [r.offset for r in self._rendered.references if r.table in names]
        return places[min(nth, len(places) - 1)] if places else self.query

    def join(self, flow: Flow, node: PlanNode) -> int:
        """The JOIN (or EXISTS, IN) of a join of the plan; the right table's name where there is none."""
        right = flow.plan.inputs(node)[-1]
        scans = flow.scans(right)
        if not scans:
            return self.query
        table = flow.plan.tables(scans[0])
        nth = self._occurrence(flow, node, table)
        return self._keyword(self.scan(flow, scans[0], nth))

    def _occurrence(self, flow: Flow, node: PlanNode, table: tuple[str, ...]) -> int:
        """How often the plan reads the table before the right side of the join."""
        sinks = flow.plan.of_kind("sink")
        count = 0

        def visit(current: PlanNode) -> bool:
            nonlocal count
            ups = flow.plan.inputs(current)
            if current.id == node.id:
                for up in ups[:-1]:
                    count += sum(flow.plan.tables(scan) == table for scan in flow.scans(up))
                return True
            if not ups:
                count += flow.plan.tables(current) == table
            return any(visit(up) for up in ups)

        return count if sinks and visit(sinks[-1]) else 0

    def _keyword(self, reference: int) -> int:
        """Back from a table's name to the JOIN that brings it in."""
        depth, skipping = 0, False
        for index in range(self._index(reference) - 1, -1, -1):
            token = self.tokens[index]
            if token.word == ")":
                depth += 1
            elif token.word == "(":
                depth -= 1
                if depth < 0:
                    depth, skipping = 0, False
                    if self._word(index - 1) in _SUBQUERY:
                        return self.tokens[index - 1].start
            elif depth == 0 and not skipping:
                if token.word == "JOIN":
                    return token.start
                if token.word == ",":
                    break
                # The first table of its FROM: what joins it stands outside of this subquery.
                skipping = token.word == "FROM"
        return self._named_query(reference)

    def _named_query(self, reference: int) -> int:
        """For a table read in `WITH name AS (...)`: the JOIN that names it, else the table's own place."""
        at = self._index(reference)
        for index, token in enumerate(self.tokens[:at]):
            if token.word != "(" or self._word(index - 1) != "AS" or closing(self.tokens, index) < at:
                continue
            name = self.tokens[index - 2].text
            for later in range(closing(self.tokens, index), len(self.tokens)):
                if self._word(later - 1) == "JOIN" and self.tokens[later].text == name:
                    return self.tokens[later - 1].start
        return reference

    def word(self, *words: str, after: int = 0) -> int | None:
        """The first of some keywords or functions at or after an offset."""
        wanted = {word.upper() for word in words}
        found = (t for t in self.tokens if t.start >= after)
        return next((t.start for t in found if t.word in wanted or t.word.split(" ")[0] in wanted), None)

    def occurrences(self, *words: str) -> tuple[int, ...]:
        """Every occurrence of some keywords or functions; not of what stands inside a function's parentheses."""
        found = []
        for index, token in enumerate(self.tokens):
            is_argument = token.word == "DISTINCT" and self._word(index - 1) == "("
            if token.word and token.word.split(" ")[0] in words and not is_argument:
                found.append(token.start)
        return tuple(found)

    def column(self, *names: str, join: int) -> int:
        """A column's name in the condition of the join at an offset, else wherever it is read, else the join."""
        start = self.word("ON", "USING", after=join)
        depth = 0
        for index in range(
            self._index(start) + 1 if start is not None else len(self.tokens), len(self.tokens)
        ):
            token = self.tokens[index]
            depth += {"(": 1, ")": -1}.get(token.word, 0)
            if depth < 0 or (depth == 0 and token.word.split(" ")[0] in _ENDS_ON):
                break
            if self._reads(index, names):
                return self._qualified(index)
        everywhere = (index for index in range(len(self.tokens)) if self._reads(index, names))
        found = next(everywhere, None)
        return join if found is None else self._qualified(found)

    def _reads(self, index: int, names: tuple[str, ...]) -> bool:
        token = self.tokens[index]
        is_column = token.is_name and token.text in names and self._word(index - 1) != "AS"
        return is_column and self._word(index + 1) not in (".", "(")

    def _qualified(self, index: int) -> int:
        """A column from its qualifier on, as the author wrote it."""
        return self.tokens[index - 2 if self._word(index - 1) == "." else index].start

    def select_items(self) -> tuple[int, ...]:
        """Where each item of the outermost SELECT begins."""
        depths = self._depths()
        outer = next((i for i, t in enumerate(self.tokens) if t.word == "SELECT" and depths[i] == 0), None)
        if outer is None:
            return ()
        items = [outer + 1]
        for index in range(outer + 1, len(self.tokens)):
            if depths[index] == 0 and self.tokens[index].word == "FROM":
                break
            if depths[index] == 0 and self.tokens[index].word == ",":
                items.append(index + 1)
        return tuple(self.tokens[min(at, len(self.tokens) - 1)].start for at in items)

    def select_item(self, position: int) -> int:
        """The item of the outermost SELECT at a position from 0; the query where there is none."""
        items = self.select_items()
        return items[position] if position < len(items) else self.query

    def ends_list(self, offset: int) -> bool:
        """Whether the word at an offset ends a SELECT's list: FROM, or GROUP and ORDER with their BY."""
        at = self._index(offset)
        word = self._word(at)
        return word in _ENDS_LIST or (word in ("GROUP", "ORDER") and self._word(at + 1) == "BY")

    def call(self, function: str, columns: Collection[str]) -> int | None:
        """Where a function is called over one of some columns; the innermost of such calls."""
        found = []
        for index, token in enumerate(self.tokens):
            if token.word == function and self._word(index + 1) == "(":
                end = closing(self.tokens, index + 1)
                if any(argument.text in columns for argument in self.tokens[index + 2 : end]):
                    found.append((end - index, token.start))
        return min(found)[1] if found else None

    def in_hint(self, name: str) -> int | None:
        """Where a hint is called so, or names a table so, in quotes or without."""
        text = self._rendered.insert.text
        for hint in _HINT.finditer(text):
            found = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE).search(text, *hint.span())
            if found:
                return found.start() - (text[found.start() - 1] == "'")
        return None

    def windowed(self) -> tuple[Named, ...]:
        """The tables that a window function reads: TUMBLE(TABLE name, ...)."""
        return tuple(n for n in self.named() if self._word(self._index(n.offset) - 1) == "TABLE")

    def versioned(self) -> tuple[Named, ...]:
        """The tables that are read FOR SYSTEM_TIME AS OF."""
        return tuple(n for n in self.named() if self._word(self._index(n.offset) + 2) == "SYSTEM_TIME")

    def as_of(self) -> tuple[Named, ...]:
        """The tables whose time stands after FOR SYSTEM_TIME AS OF."""
        at = [i for i, token in enumerate(self.tokens) if token.word == "SYSTEM_TIME"]
        aliases = {self.tokens[i + 3].text for i in at if i + 3 < len(self.tokens)}
        return tuple(n for n in self.named() if n.alias in aliases)

    def equalities(self) -> tuple[tuple[Term, Term], ...]:
        """Each `column = column` of the query, qualified or not."""
        found = []
        for index, token in enumerate(self.tokens):
            if token.word != "=" or index == 0 or index + 1 >= len(self.tokens):
                continue
            begin = index - 3 if self._word(index - 2) == "." else index - 1
            end = index + 3 if self._word(index + 2) == "." else index + 1
            if (
                begin >= 0
                and end < len(self.tokens)
                and self.tokens[begin].is_name
                and self.tokens[end].is_name
            ):
                found.append((self._term(begin, index - 1), self._term(index + 1, end)))
        return tuple(found)

    def _term(self, begin: int, end: int) -> Term:
        alias = self.tokens[begin].text if end > begin else None
        return Term((alias, self.tokens[end].text), self.tokens[begin].start)

    def before(self, offset: int) -> Token | None:
        """The last token that ends at or before an offset."""
        return next((token for token in reversed(self.tokens) if token.end <= offset), None)

    def _depths(self) -> list[int]:
        depth, depths = 0, []
        for token in self.tokens:
            depth -= token.word == ")"
            depths.append(depth)
            depth += token.word == "("
        return depths

    def _index(self, offset: int) -> int:
        found = (index for index, token in enumerate(self.tokens) if token.end > offset)
        return next(found, max(len(self.tokens) - 1, 0))

    def _word(self, index: int) -> str:
        return self.tokens[index].word if 0 <= index < len(self.tokens) else ""
