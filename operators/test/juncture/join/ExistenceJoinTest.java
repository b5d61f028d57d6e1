package juncture.join;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.apache.flink.table.runtime.operators.join.stream.StreamingSemiAntiJoinOperator;
import org.apache.flink.types.RowKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

/** What is left of the results of Flink's semi and anti joins, which take some back, comes out here once. */
class ExistenceJoinTest {
    private static final Joins SEMI = new Joins(FlinkJoinType.SEMI, -5000, 2000, false);
    private static final Joins ANTI = new Joins(FlinkJoinType.ANTI, -5000, 2000, false);

    @ParameterizedTest
    @EnumSource(value = FlinkJoinType.class, names = {"SEMI", "ANTI"})
    void theRowsThatAreLeftOfFlinks(FlinkJoinType type) throws Exception {
        int rows = 0;
        for (boolean nullsMatch : new boolean[] {false, true}) {
            for (long seed = 1; seed <= 3; seed++) {
                rows += assertSame(new Joins(type, -5000, 2000, nullsMatch), Stream.inOrderWithinKeys(seed, 1500, 40));
                rows += assertSame(new Joins(type, 1000, 4000, nullsMatch), Stream.inOrderWithinKeys(seed, 500, 5));
                rows += assertSame(new Joins(type, -4000, -1000, nullsMatch), Stream.disordered(seed, 500, 5, 3000));
                rows += assertSame(new Joins(type, 0, 0, nullsMatch), Stream.disordered(seed, 500, 3, 3000));
            }
        }
        assertTrue(rows > 1000, rows + " rows");
    }

    @Test
    void boundsAreInclusive() throws Exception {
        try (Joins.Running semi = SEMI.ours().start(); Joins.Running anti = ANTI.ours().start()) {
            for (Joins.Running running : List.of(semi, anti)) {
                for (long time : new long[] {97_999, 98_000, 105_000, 105_001}) {
                    running.left("k" + time, 100_000, "row").right("k" + time, time, "row");
                }
                running.watermark(200_000);
            }
            assertEquals(List.of("+I k105000 100000 row", "+I k98000 100000 row", "Watermark @ 195000"), semi.taken());
            assertEquals(List.of("+I k105001 100000 row", "+I k97999 100000 row", "Watermark @ 195000"), anti.taken());
        }
    }

    @Test
    void aRowComesOutOnceHoweverManyMatch() throws Exception {
        try (Joins.Running running = SEMI.ours().start()) {
            running.left("k", 100_000, "before").right("k", 100_000, "one").right("k", 100_001, "two");
            assertEquals(List.of("+I k 100000 before"), running.taken());
            running.left("k", 100_002, "after").left("k", 100_002, "after").watermark(200_000);
            assertEquals(
                    List.of("+I k 100002 after", "+I k 100002 after", "Watermark @ 195000"), running.taken());
        }
    }

    @Test
    void aRowWithoutAMatchComesOutWithTheFirstWatermarkThatRulesOneOut() throws Exception {
        try (Joins.Running running = ANTI.ours().start()) {
            running.left("k", 100_000, "row").left(null, 100_000, "null").left("m", 100_000, "matched");
            running.right("m", 105_000, "match").watermark(105_000);
            assertEquals(List.of("Watermark @ 100000"), running.taken());
            running.watermark(105_001);
            assertEquals(
                    List.of("+I k 100000 row", "+I null 100000 null", "Watermark @ 100001"), running.taken());
        }
    }

    @Test
    void aRowWithoutATimeMatchesNothing() throws Exception {
        try (Joins.Running semi = SEMI.ours().start(); Joins.Running anti = ANTI.ours().start()) {
            for (Joins.Running running : List.of(semi, anti)) {
                // As if null were 1970.
                running.left("k", 0, "left").right("k", 0, "right").timeless("k", "row").timeless("l", "row");
                running.left("l", 0, "alone").right("m", 0, "alone");
            }
            assertEquals(List.of("+I k 0 left"), semi.taken());
            assertEquals(List.of("+I k null row", "+I l null row"), anti.taken());
            assertEquals(List.of("+I l 0 alone", "Watermark @ 5001"), anti.watermark(10_001).taken());
        }
    }

    @Test
    void rowsOfBefore1970AreNotLateBeforeTheFirstWatermark() throws Exception {
        try (Joins.Running semi = SEMI.ours().start(); Joins.Running anti = ANTI.ours().start()) {
            for (Joins.Running running : List.of(semi, anti)) {
                running.left("k", -100_000, "row").right("k", -100_000, "row");
                running.right("l", -100_000, "row").left("l", -100_000, "row").left("m", -100_000, "row");
            }
            assertEquals(List.of("+I k -100000 row", "+I l -100000 row"), semi.taken());
            assertEquals(List.of(), anti.taken());
            assertEquals(List.of("+I m -100000 row", "Watermark @ -55000"), anti.watermark(-50_000).taken());
        }
    }

    @Test
    void lateRowsMeetWhatHasNotExpired() throws Exception {
        try (Joins.Running semi = SEMI.ours().start(); Joins.Running anti = ANTI.ours().start()) {
            for (Joins.Running running : List.of(semi, anti)) {
                running.right("k", 100_000, "row").watermark(102_000).taken();
                running.left("k", 95_000, "late match").left("n", 97_000, "late, out of time");
                assertEquals(2, running.operator().lateRecords.getCount());
                assertEquals(1, running.operator().lateRecordsDropped.getCount());
            }
            assertEquals(List.of("+I k 95000 late match"), semi.taken());
            assertEquals(List.of("+I n 97000 late, out of time"), anti.taken());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void goesOnFromASnapshotAndForgetsByTheWatermark(String backend) throws Exception {
        for (Joins joins : List.of(SEMI, ANTI)) {
            final OperatorSubtaskState state;
            try (Joins.Running running = joins.ours().on(backend(backend)).start()) {
                running.left("k", 100_000, "matched").right("k", 100_000, "row").left("m", 100_000, "waits");
                running.left("n", 100_000, "alone");
                state = running.snapshot(1);
            }
            try (Joins.Running running = joins.ours().on(backend(backend)).startFrom(state)) {
                running.right("k", 100_001, "again").right("m", 100_001, "match").left("k", 100_001, "new");
                assertEquals(
                        joins == SEMI ? List.of("+I k 100001 new", "+I m 100000 waits") : List.of(), running.taken());
                running.watermark(200_000).snapshot(2);
                assertEquals(
                        joins == SEMI ? List.of() : List.of("+I n 100000 alone"), Existence.lasting(running.taken()));
                assertEquals(0, running.storedChunks());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void neitherFormTakesTheStateOfTheOther(String backend) throws Exception {
        for (Joins joins : List.of(SEMI, ANTI)) {
            for (boolean fromOurs : new boolean[] {true, false}) {
                final OperatorSubtaskState state;
                try (Joins.Running running = (fromOurs ? joins.ours() : joins.flinks()).on(backend(backend)).start()) {
                    running.left("k", 100_000, "row").right("k", 200_000, "row");
                    state = running.snapshot(1);
                }
                try (Joins.Running running = (fromOurs ? joins.flinks() : joins.ours()).on(backend(backend))) {
                    final Exception refused = assertThrows(Exception.class, () -> running.startFrom(state));
                    assertTrue(
                            Joins.messages(refused)
                                    .contains(fromOurs ? "Incompatible key/value state types" : "not written by Juncture's"),
                            Joins.messages(refused));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void norIfFlinksKeepsAValue(String backend) throws Exception {
        final OperatorSubtaskState state;
        try (Joins.Running running = SEMI.ours().on(backend(backend)).start()) {
            state = running.left("k", 100_000, "row").right("k", 200_000, "row").snapshot(1);
        }
        final StreamingSemiAntiJoinOperator flinks = new Existence(SEMI, Joins.ROW).flinksOfUniqueKeys();
        try (Joins.Running running = SEMI.running(flinks).on(backend(backend))) {
            final Exception refused = assertThrows(Exception.class, () -> running.startFrom(state));
            assertTrue(Joins.messages(refused).contains("must not be incompatible"), Joins.messages(refused));
        }
    }

    @Test
    void updatesAreRefused() throws Exception {
        try (Joins.Running running = SEMI.ours().start()) {
            final GenericRowData row = GenericRowData.ofKind(RowKind.DELETE, null, 1L, null);
            final Exception refused =
                    assertThrows(
                            Exception.class, () -> running.operator().processElement1(new StreamRecord<>(row, 1)));
            assertTrue(Joins.messages(refused).contains("an update or a delete came"), Joins.messages(refused));
        }
    }

    private static StateBackend backend(String name) {
        return name.equals("rocksdb") ? new EmbeddedRocksDBStateBackend(false) : new HashMapStateBackend();
    }

    /** How many rows there are. */
    private static int assertSame(Joins joins, List<Stream.Step> steps) throws Exception {
        try (Joins.Running ours = joins.ours().start(); Joins.Running flinks = joins.flinks().start()) {
            Stream.applyAll(steps, ours);
            Stream.applyAll(steps, flinks);
            final List<String> taken = ours.taken();
            assertTrue(taken.stream().noneMatch(text -> text.startsWith("-")), "nothing is taken back");
            assertEquals(Existence.lasting(flinks.taken()), Existence.lasting(taken));
            return Existence.lasting(taken).size();
        }
    }
}
