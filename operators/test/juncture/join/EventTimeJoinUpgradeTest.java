package juncture.join;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OperatorSnapshotUtil;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

/** Whose snapshots the operator takes: those of other columns that it can read, and none that it can't, loudly. */
class EventTimeJoinUpgradeTest {
    private static final Joins JOINS = new Joins(FlinkJoinType.FULL, -5000, 2000, false);

    private static StateBackend backend(String name) {
        return name.equals("rocksdb") ? new EmbeddedRocksDBStateBackend(false) : new HashMapStateBackend();
    }

    private static String refusal(Joins.Running running, OperatorSubtaskState state) throws Exception {
        try (running) {
            return Joins.messages(assertThrows(Exception.class, () -> running.startFrom(state)));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void refusesTheStateOfFlinksJoin(String backend) throws Exception {
        final OperatorSubtaskState state;
        try (Joins.Running running = JOINS.flinks().on(backend(backend)).start()) {
            state = running.left("k", 100_000, "row").snapshot(1);
        }
        final String refusal = refusal(JOINS.ours().on(backend(backend)), state);
        assertTrue(refusal.contains("was not written by Juncture's operator"), refusal);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void isRefusedByFlinksJoin(String backend) throws Exception {
        final OperatorSubtaskState state;
        try (Joins.Running running = JOINS.ours().on(backend(backend)).start()) {
            state = running.left("k", 100_000, "row").snapshot(1);
        }
        final String refusal = refusal(JOINS.flinks().on(backend(backend)), state);
        assertTrue(refusal.contains("Incompatible key/value state types. Was [VALUE], registered with [MAP]"), refusal);
    }

    @Test
    void takesItsOwnStateWithoutRows() throws Exception {
        final OperatorSubtaskState state;
        try (Joins.Running running = JOINS.ours().start()) {
            state = running.snapshot(1);
        }
        try (Joins.Running running = JOINS.ours().startFrom(state)) {
            running.left("k", 100_000, "row").right("k", 100_000, "row");
            assertEquals(1, running.taken().size());
        }
    }

    @Test
    void refusesANewerFormat() throws Exception {
        final OperatorSubtaskState state;
        try (Joins.Running running = JOINS.running(new Newer()).start()) {
            state = running.snapshot(1);
        }
        final String refusal = refusal(JOINS.ours(), state);
        assertTrue(refusal.contains("has format 3, and this version of Juncture's operator reads formats 1 to 2"), refusal);
    }

    /** The snapshots were taken by the version before, after the first 600 of these steps. */
    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void goesOnFromFormat1(String backend) throws Exception {
        final List<Stream.Step> steps = Stream.disordered(31, 1200, 20, 3000);
        final List<String> expected;
        try (Joins.Running running = JOINS.ours().start()) {
            Stream.applyAll(steps.subList(0, 600), running);
            running.taken();
            Stream.applyAll(steps.subList(600, steps.size()), running);
            expected = running.taken();
        }
        final OperatorSubtaskState state =
                OperatorSnapshotUtil.readStateHandle(
                        EventTimeJoinUpgradeTest.class.getResource("format-1-" + backend + ".snapshot").getPath());
        final OperatorSubtaskState rewritten;
        final List<String> found = new ArrayList<>();
        try (Joins.Running running = JOINS.ours().on(backend(backend)).startFrom(state)) {
            Stream.applyAll(steps.subList(600, 700), running);
            rewritten = running.snapshot(1);
            found.addAll(running.taken());
        }
        try (Joins.Running running = JOINS.ours().on(backend(backend)).startFrom(rewritten)) {
            Stream.applyAll(steps.subList(700, steps.size()), running);
            found.addAll(running.taken());
        }
        expected.sort(null);
        found.sort(null);
        assertTrue(expected.size() > 300);
        assertEquals(expected, found);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void readsOlderRowsAsNullsInColumnsThatWereAdded(String backend) throws Exception {
        final Joins wide = JOINS.withLeft("key STRING", "time BIGINT", "added STRING", "text STRING");
        assertContinues(JOINS, wide, wide, backend);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void readsOlderRowsWithoutColumnsThatWereRemoved(String backend) throws Exception {
        final Joins wide = JOINS.withLeft("key STRING", "time BIGINT", "added STRING", "text STRING");
        assertContinues(wide, JOINS, JOINS, backend);
    }

    @Test
    void rewritesMoreRowsThanItsMemoryHolds() throws Exception {
        final String text = "x".repeat(1000);
        final int rows = 10_000;
        final OperatorSubtaskState state;
        try (Joins.Running running = JOINS.ours().on(backend("rocksdb")).start()) {
            for (int number = 0; number < rows; number++) {
                running.left("key" + number, 1_000_000 + number, text);
            }
            state = running.snapshot(1);
        }
        final Joins wide = JOINS.withLeft("key STRING", "time BIGINT", "added STRING", "text STRING");
        try (Joins.Running running = wide.ours().on(backend("rocksdb")).startFrom(state)) {
            for (int number = 0; number < rows; number++) {
                running.right("key" + number, 1_001_000, "match");
            }
            assertEquals(3001, running.taken().size());
        }
    }

    /** With the old buckets there would be too many for the memory, or rows would stay for as long as the old bounds. */
    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void rowsMoveToOtherBucketsWhereBoundsAreFarFromThoseBefore(String backend) throws Exception {
        final Joins narrow = new Joins(FlinkJoinType.FULL, -5000, 2000, false);
        final Joins wide = new Joins(FlinkJoinType.FULL, -5_000_000, 2_000_000, false);
        final int rows = 500;
        for (boolean widens : new boolean[] {true, false}) {
            OperatorSubtaskState state;
            try (Joins.Running running = (widens ? narrow : wide).ours().on(backend(backend)).start()) {
                running.left("gone", 990_000, "row").watermark(1_000_000);
                for (int number = 0; number < rows; number++) {
                    // Some rows are larger than a chunk.
                    running.left("key" + number, time(number), "x".repeat(number % 50 == 0 ? 20_000 : 10));
                    if (number % 5 == 0) {
                        running.right("key" + number, time(number), "before");
                    }
                }
                state = running.snapshot(1);
            }
            try (Joins.Running running = (widens ? wide : narrow).ours().on(backend(backend)).startFrom(state)) {
                state = running.snapshot(2);
                // A bucket for each of these seconds would be more than the memory holds the indexes of.
                for (int second = 0; widens && second < 3000; second++) {
                    running.left("more", 1_000_000 + second * 1000L, "row");
                }
            }
            try (Joins.Running running = (widens ? wide : narrow).ours().on(backend(backend)).startFrom(state)) {
                for (int number = 0; number < rows; number += 3) {
                    running.right("key" + number, time(number), "after");
                }
                final List<String> joined = running.taken();
                assertEquals((rows + 2) / 3, joined.size());
                assertTrue(joined.stream().allMatch(row -> row.endsWith(" after")));
                running.watermark(widens ? Long.MAX_VALUE : time(rows) + 10_000).snapshot(3);
                final List<String> unmatched = running.taken();
                unmatched.removeIf(text -> text.startsWith("Watermark"));
                // Those of neither; what the narrow bounds had put out does not come back.
                assertEquals(rows - rows / 5 - (rows + 2) / 3 + (rows + 14) / 15 + (widens ? 0 : 1), unmatched.size());
                assertEquals(0, running.storedChunks());
            }
        }
    }

    private static long time(int number) {
        return 1_000_000 + number * 7000L;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "text INT                           | text has another type",
                "added INT NOT NULL, text STRING    | added is new and NOT NULL",
                "text STRING NOT NULL               | text has become NOT NULL",
                "$f3 STRING, text STRING            | can't be told apart",
                "text0 STRING, text STRING          | can't be told apart"
            })
    void refusesColumnsThatItCanNotRead(String columns, String reason) throws Exception {
        final OperatorSubtaskState state;
        try (Joins.Running running = JOINS.ours().start()) {
            state = running.left("k", 100_000, "row").snapshot(1);
        }
        final String[] all = ("key STRING, time BIGINT, " + columns).split(", ");
        final String refusal = refusal(JOINS.withLeft(all).ours(), state);
        assertTrue(refusal.contains(reason) && refusal.contains("(key STRING, time BIGINT, text STRING)"), refusal);
    }

    @Test
    void refusesAnotherTime() throws Exception {
        final OperatorSubtaskState state;
        try (Joins.Running running = JOINS.ours().start()) {
            state = running.left("k", 100_000, "row").snapshot(1);
        }
        final String refusal =
                refusal(JOINS.withLeft("key STRING", "other BIGINT", "time BIGINT", "text STRING").ours(), state);
        assertTrue(refusal.contains("their time is time, and now other"), refusal);
    }

    @Test
    void refusesOtherKeys() throws Exception {
        final Joins joins = JOINS.withLeft("key STRING", "time BIGINT", "other STRING", "text STRING");
        final OperatorSubtaskState state;
        try (Joins.Running running = joins.ours().start()) {
            state = running.extra("o").left("k", 100_000, "row").snapshot(1);
        }
        final String refusal =
                refusal(JOINS.withLeft("other STRING", "time BIGINT", "key STRING", "text STRING").ours(), state);
        assertTrue(refusal.contains("are of other keys"), refusal);
    }

    /** What comes out of one join and then the other is what the last one puts out, if it has seen all. */
    private static void assertContinues(Joins before, Joins after, Joins whole, String backend) throws Exception {
        final List<Stream.Step> steps = Stream.disordered(21, 1200, 20, 3000);
        final List<String> expected = new ArrayList<>();
        final List<String> found = new ArrayList<>();
        OperatorSubtaskState state;
        try (Joins.Running running = before.ours().on(backend(backend)).start();
                Joins.Running other = whole.ours().start()) {
            for (Stream.Step step : steps.subList(0, 600)) {
                step.apply(running);
                step.apply(other);
            }
            running.taken();
            other.taken();
            state = running.snapshot(1);
            for (Stream.Step step : steps.subList(600, steps.size())) {
                step.apply(other.extra("new"));
            }
            expected.addAll(other.taken());
        }
        // A second snapshot has what was rewritten.
        for (int from = 600; from < steps.size(); from += 300) {
            try (Joins.Running running = after.ours().on(backend(backend)).startFrom(state)) {
                for (Stream.Step step : steps.subList(from, Math.min(from + 300, steps.size()))) {
                    step.apply(running.extra("new"));
                }
                state = running.snapshot(from);
                found.addAll(running.taken());
            }
        }
        expected.sort(null);
        found.sort(null);
        assertTrue(expected.size() > 300);
        assertEquals(expected, found);
    }

    /** Writes a header as a later version may. */
    private static final class Newer extends AbstractStreamOperator<RowData>
            implements TwoInputStreamOperator<RowData, RowData, RowData> {
        private static final long serialVersionUID = 1L;

        @Override
        public void initializeState(StateInitializationContext context) throws Exception {
            super.initializeState(context);
            context.getOperatorStateStore()
                    .getBroadcastState(
                            new MapStateDescriptor<>(
                                    "event-join-header", StringSerializer.INSTANCE, StringSerializer.INSTANCE))
                    .put("format", "3");
        }

        @Override
        public void processElement1(StreamRecord<RowData> element) {}

        @Override
        public void processElement2(StreamRecord<RowData> element) {}
    }
}
