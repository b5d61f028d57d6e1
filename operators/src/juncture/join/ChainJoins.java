package juncture.join;

import org.apache.flink.streaming.api.operators.TimestampedCollector;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.data.utils.ProjectedRowData;
import org.apache.flink.table.runtime.operators.join.OuterJoinPaddingUtil;
import org.apache.flink.util.Collector;
import org.apache.flink.util.ExceptionUtils;

/**
 * The joins of a chain: what they pass on from one to the next is made anew when a later one needs it, from the row of the
 * first input, its root.
 *
 * <p>The bounds of all joins are on the root's time, and the condition of a left one is on nothing but the root and its
 * own input. So in each join all results of one root match the same rows, and a root has flags for all of them: that they
 * have matched, and that they were put out unmatched.
 */
final class ChainJoins {
    private final ChainDescription description;
    private final JoinSide[] sides;
    private final ChainTime time;
    private final TimestampedCollector<RowData> collector;
    private final boolean builds;
    private final Join[] joins;
    private final int last;

    /** The key of what is being processed. */
    private BinaryRowData key;

    private int hash;
    private int keyGroup;

    /** The root of what is being processed: its log and its number there, or while it has none its flags. */
    private long rootTime;

    private RowLog rootLog;
    private int rootOrdinal;
    private int rootBits;

    /** @param builds whether state is built, and no result put out. */
    ChainJoins(
            ChainDescription description,
            JoinSide[] sides,
            ChainTime time,
            TimestampedCollector<RowData> collector,
            boolean builds) {
        this.description = description;
        this.sides = sides;
        this.time = time;
        this.collector = collector;
        this.builds = builds;
        last = description.joins.length - 1;
        joins = new Join[last + 1];
        for (int join = 0; join <= last; join++) {
            joins[join] = new Join(join);
        }
    }

    /** Joins a row with what is there, and keeps it if a join may need it later; false if neither came of it. */
    boolean process(int input, BinaryRowData row, long rowTime, BinaryRowData itsKey, int itsHash, int itsKeyGroup)
            throws Exception {
        focus(itsKey, itsHash, itsKeyGroup);
        return input == 0 ? processRoot(row) : processOther(input, row, rowTime);
    }

    /** Puts out a row of the first input without a time, which matches nothing: if no join asks for a match. */
    void putOutTimeless(BinaryRowData row) throws Exception {
        RowData left = row;
        for (Join join : joins) {
            if (!join.outer) {
                return;
            }
            left = join.padding.padLeft(join.project(left));
        }
        joins[last].passOn(left);
    }

    /** Passes on what a join's event time rules a match out for. */
    void putOutUnmatched(int join) throws Exception {
        if (joins[join].outer) {
            joins[join].putOutUnmatched();
        }
    }

    /**
     * After a restore with other bounds: a root of which nothing was put out yet, and which no join's rows match by
     * those that hold now, is one that this join has yet to find a match for, or to pass on without.
     */
    void judgeAgain() throws Exception {
        sides[0].forEach(
                (rowTime, row, rowHash, log, ordinal) -> {
                    root(row, log, ordinal);
                    if (isMarked(flags().first(last)) || isMarked(flags().putOut(last))) {
                        return;
                    }
                    focus((BinaryRowData) sides[0].keySelector.getKey(row), rowHash, log.keyGroup);
                    for (int join = 0; join < last; join++) {
                        final int matched = flags().first(join);
                        if (isMarked(matched) && !joins[join].matches(row)) {
                            log.clear(matched, ordinal);
                        }
                    }
                });
    }

    /** A row of the first input: what it makes with rows that are there, through all joins. */
    private boolean processRoot(BinaryRowData row) throws Exception {
        root(row, null, 0);
        for (int join = 0; join <= last; join++) {
            // It will not be among the rows that this join has yet to put out: it goes on at once.
            if (joins[join].outer && rootTime <= time.expired(join)) {
                mark(flags().putOut(join));
            }
        }
        final boolean passed = joins[0].pass(row);
        final boolean mayMatch = joins[0].outer || !key.anyNull(joins[0].description.nullFilteredKeys);
        final boolean needed = passed || mayMatch && rootTime > time.expired(0);
        if (needed && rootTime > time.expired()[0]) {
            sides[0].add(keyGroup, key, hash, row, rootBits);
            return true;
        }
        return passed;
    }

    /** A row of another input: what it makes with the results of the joins before. */
    private boolean processOther(int input, BinaryRowData row, long rowTime) throws Exception {
        final Join join = joins[input - 1];
        if (key.anyNull(join.description.nullFilteredKeys)) {
            return false;
        }
        final boolean joined = join.passWith(row, rowTime);
        if (rowTime > time.expired()[input]) {
            sides[input].add(keyGroup, key, hash, row, 0);
            return true;
        }
        return joined;
    }

    private void focus(BinaryRowData newKey, int newHash, int newKeyGroup) {
        key = newKey;
        hash = newHash;
        keyGroup = newKeyGroup;
        for (Join join : joins) {
            join.description.function.setJoinKey(key);
        }
    }

    private void root(BinaryRowData row, RowLog log, int ordinal) {
        rootTime = sides[0].timeOf(row);
        rootLog = log;
        rootOrdinal = ordinal;
        rootBits = 0;
    }

    private RowFlags flags() {
        return sides[0].flags;
    }

    private boolean isMarked(int flag) {
        return rootLog == null ? (rootBits & (1 << flag)) != 0 : rootLog.isSet(flag, rootOrdinal);
    }

    private void mark(int flag) {
        if (rootLog == null) {
            rootBits |= 1 << flag;
        } else {
            rootLog.set(flag, rootOrdinal);
        }
    }

    /** What one more left row of a join is given to. */
    private interface LeftVisitor {
        void visit(RowData left) throws Exception;
    }

    /** One join: probes its own input, and passes on what it makes. It has one left row at a time. */
    private final class Join implements Collector<RowData>, JoinSide.Visitor {
        private final int number;
        private final JoinDescription description;
        private final boolean outer;
        private final OuterJoinPaddingUtil padding;
        private final ProjectedRowData projected;

        private RowData left;
        private boolean joined;

        /** What takes the left rows of a later join that are made anew; null if results are passed on as new. */
        private LeftVisitor visitor;

        private int visited;

        private Join(int number) {
            this.number = number;
            description = ChainJoins.this.description.joins[number];
            outer = description.left.outer;
            padding =
                    new OuterJoinPaddingUtil(description.left.type.toRowSize(), description.right.type.toRowSize());
            final int[] columns = number == 0 ? null : ChainJoins.this.description.projections[number - 1];
            projected = columns == null ? null : ProjectedRowData.from(columns);
        }

        private RowData project(RowData result) {
            return projected == null ? result : projected.replaceRow(result);
        }

        /** Passes on what a new left row makes with the rows that are there; whether that is anything. */
        private boolean pass(RowData newLeft) throws Exception {
            probe(newLeft, null, 0);
            if (joined) {
                mark(flags().first(number));
                return true;
            }
            // All left rows of a root match the same: if others have, what they matched is gone, as this one is late.
            if (outer && (isMarked(flags().putOut(number)) || isMarked(flags().first(number)))) {
                passOn(padding.padLeft(newLeft));
                return true;
            }
            return false;
        }

        /** Passes on what a new row of this join's own input makes with the left rows that are there; whether any. */
        private boolean passWith(BinaryRowData row, long rowTime) throws Exception {
            final boolean[] any = {false};
            final long from =
                    Math.max(rowTime - description.left.retention, time.expired()[0] + 1);
            sides[0].probe(
                    keyGroup,
                    key,
                    hash,
                    from,
                    rowTime + description.right.retention,
                    (stored, log, ordinal) -> {
                        root(stored, log, ordinal);
                        if (outer && isMarked(flags().putOut(number)) && !isMarked(flags().first(number))) {
                            return true;
                        }
                        joined = false;
                        joins[0].visitLefts(
                                stored,
                                number,
                                newLeft -> {
                                    visitor = null;
                                    description.function.join(newLeft, row, this);
                                });
                        if (joined) {
                            any[0] = true;
                            mark(flags().first(number));
                        }
                        return true;
                    });
            return any[0];
        }

        /** Passes on, unmatched, the left rows of roots that are due. */
        private void putOutUnmatched() throws Exception {
            sides[0].settle(
                    number,
                    time.expired(number),
                    (rowTime, row, rowHash, log, ordinal) -> {
                        focus((BinaryRowData) sides[0].keySelector.getKey(row), rowHash, log.keyGroup);
                        root(row, log, ordinal);
                        collector.setAbsoluteTimestamp(rowTime + description.left.retention + 1);
                        joins[0].visitLefts(row, number, newLeft -> passOn(padding.padLeft(newLeft)));
                    });
        }

        /** Gives a visitor the left rows of the join `target` that this join's left row has become so far. */
        private void visitLefts(RowData madeLeft, int target, LeftVisitor newVisitor) throws Exception {
            if (number == target) {
                newVisitor.visit(madeLeft);
                return;
            }
            final boolean matched = isMarked(flags().first(number));
            if (!outer || matched) {
                probe(madeLeft, newVisitor, target);
            }
            // What it has matched may be beyond the bounds that hold now; it has gone on, and goes on without.
            if (outer && (matched ? !joined : isMarked(flags().putOut(number)))) {
                final Join next = joins[number + 1];
                next.visitLefts(next.project(padding.padLeft(madeLeft)), target, newVisitor);
            }
        }

        /** Whether a row that is kept matches what the root has become before this join. */
        private boolean matches(BinaryRowData root) throws Exception {
            final boolean[] any = {false};
            joins[0].visitLefts(
                    root,
                    number,
                    newLeft -> {
                        probe(newLeft, result -> {}, number + 1);
                        any[0] |= joined;
                    });
            return any[0];
        }

        private void probe(RowData newLeft, LeftVisitor newVisitor, int target) throws Exception {
            left = newLeft;
            visitor = newVisitor;
            visited = target;
            joined = false;
            if (key.anyNull(description.nullFilteredKeys)) {
                return;
            }
            final long from = Math.max(rootTime - description.right.retention, time.expired()[number + 1] + 1);
            sides[number + 1].probe(
                    keyGroup, key, hash, from, rootTime + description.left.retention, this);
        }

        @Override
        public boolean visit(BinaryRowData stored, RowLog log, int ordinal) throws Exception {
            description.function.join(left, stored, this);
            return true;
        }

        @Override
        public void collect(RowData result) {
            joined = true;
            try {
                if (visitor == null) {
                    passOn(result);
                } else {
                    final Join next = joins[number + 1];
                    next.visitLefts(next.project(result), visited, visitor);
                }
            } catch (Exception failure) {
                ExceptionUtils.rethrow(failure);
            }
        }

        private void passOn(RowData result) throws Exception {
            if (number == last) {
                if (!builds) {
                    collector.collect(result);
                }
            } else {
                final Join next = joins[number + 1];
                next.pass(next.project(result));
            }
        }

        @Override
        public void close() {}
    }
}
