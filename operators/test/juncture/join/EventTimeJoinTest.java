package juncture.join;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The operator's results are those of Flink's interval join, run beside it on the same rows. */
class EventTimeJoinTest {

    @ParameterizedTest
    @EnumSource(value = FlinkJoinType.class, names = {"INNER", "LEFT", "RIGHT", "FULL"})
    void sameResultsAtTheSameWatermarks(FlinkJoinType type) throws Exception {
        for (boolean nullsMatch : new boolean[] {false, true}) {
            for (long seed = 1; seed <= 4; seed++) {
                final Joins joins = new Joins(type, -5000, 2000, nullsMatch);
                assertSame(joins, Stream.inOrderWithinKeys(seed, 1500, 40));
                assertSame(new Joins(type, 1000, 4000, nullsMatch), Stream.inOrderWithinKeys(seed, 500, 5));
                assertSame(new Joins(type, 0, 0, nullsMatch), Stream.inOrderWithinKeys(seed, 500, 3));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(value = FlinkJoinType.class, names = {"INNER", "LEFT", "RIGHT", "FULL"})
    void sameResultsInAnyOrderOfArrival(FlinkJoinType type) throws Exception {
        // Flink holds an unmatched row back until the row of its key that came first is due. Ours doesn't.
        final Joins joins = new Joins(type, -5000, 2000, false);
        for (long seed = 1; seed <= 4; seed++) {
            final List<String> ours = new ArrayList<>();
            final List<String> flinks = new ArrayList<>();
            try (Joins.Running one = joins.ours().start(); Joins.Running other = joins.flinks().start()) {
                for (Stream.Step step : Stream.disordered(seed, 1500, 20, 3000)) {
                    step.apply(one);
                    step.apply(other);
                    ours.addAll(one.taken());
                    flinks.addAll(other.taken());
                    assertTrue(ours.size() >= flinks.size(), "never later than Flink's");
                }
            }
            ours.sort(null);
            flinks.sort(null);
            assertEquals(flinks, ours);
        }
    }

    @Test
    void aLateRowJoinsWhatIsNotExpired() throws Exception {
        final Joins joins = new Joins(FlinkJoinType.INNER, -5000, 2000, false);
        for (long seed = 1; seed <= 8; seed++) {
            try (Joins.Running ours = joins.ours().start(); Joins.Running flinks = joins.flinks().start()) {
                int late = 0;
                for (Stream.Step step : Stream.disordered(seed, 2000, 20, 500)) {
                    step.apply(ours);
                    step.apply(flinks);
                    final List<String> expected = flinks.taken();
                    final List<String> found = ours.taken();
                    assertTrue(expected.containsAll(found), () -> found + " but Flink " + expected);
                    // What Flink joins besides are rows that it has yet to clean up, whose time is out.
                    expected.removeAll(found);
                    for (String more : expected) {
                        assertTrue(ours.isExpired(more), more);
                        late++;
                    }
                }
                assertTrue(late < 20, late + " of Flink's rows are not ours");
            }
        }
    }

    @Test
    void boundsAreInclusive() throws Exception {
        try (Joins.Running running = new Joins(FlinkJoinType.INNER, -5000, 2000, false).ours().start()) {
            running.left("k", 100_000, "row");
            for (long time : new long[] {97_999, 98_000, 105_000, 105_001}) {
                running.right("k", time, "at" + time);
            }
            assertEquals(
                    List.of("+I k 100000 row k 105000 at105000", "+I k 100000 row k 98000 at98000"), running.taken());
        }
    }

    @Test
    void aWatermarkOnTheBoundKeepsRowsThatAreThereAndTakesNoMore() throws Exception {
        try (Joins.Running running = new Joins(FlinkJoinType.INNER, -5000, 2000, false).ours().start()) {
            running.left("k", 100_000, "early").watermark(105_000).left("k", 100_000, "late").right("k", 105_000, "row");
            assertEquals(
                    List.of("+I k 100000 early k 105000 row", "Watermark @ 100000"), running.taken());
            assertEquals(1, running.operator().lateRecordsDropped.getCount());
        }
    }

    @Test
    void anUnmatchedRowIsPutOutWithTheFirstWatermarkThatRulesAMatchOut() throws Exception {
        try (Joins.Running running = new Joins(FlinkJoinType.LEFT, -5000, 2000, false).ours().start()) {
            running.left("k", 100_000, "row").watermark(105_000);
            assertEquals(List.of("Watermark @ 100000"), running.taken());
            running.watermark(105_001);
            assertEquals(List.of("+I k 100000 row null null null", "Watermark @ 100001"), running.taken());
        }
    }

    /** Flink's takes it for one of 1970, which nothing is late for before the first watermark, nor after a restart. */
    @ParameterizedTest
    @EnumSource(value = FlinkJoinType.class, names = {"INNER", "LEFT", "FULL"})
    void aRowWithoutATimeMatchesNothing(FlinkJoinType type) throws Exception {
        try (Joins.Running running = new Joins(type, -5000, 2000, false).ours().start()) {
            final List<String> expected = new ArrayList<>();
            if (type.isLeftOuter()) {
                expected.add("+I k null row null null null");
            }
            if (type.isRightOuter()) {
                expected.add("+I null null null k null row");
            }
            running.left("k", 0, "never x").right("k", 0, "never x").timeless("k", "row").timeless("k", "row");
            final List<String> before = running.taken();
            assertEquals(expected, before.stream().distinct().collect(Collectors.toList()));
            assertEquals(2 * expected.size(), before.size());
            running.watermark(100_000).taken();
            assertEquals(expected, running.timeless("k", "row").taken());
            assertEquals(0, running.operator().lateRecords.getCount());
            assertEquals(0, running.operator().lateRecordsDropped.getCount());
        }
    }

    /** A join before holds the end of event time back, by less than this one lets rows of a side go early. */
    @Test
    void unmatchedRowsComeOutAtTheEndOfEventTimeThatAJoinBeforeHeldBack() throws Exception {
        try (Joins.Running running = new Joins(FlinkJoinType.LEFT, 1000, 4000, false).ours().start()) {
            running.left("k", 100_000, "row").watermark(Long.MAX_VALUE - 500);
            assertEquals(
                    List.of("+I k 100000 row null null null", "Watermark @ " + (Long.MAX_VALUE - 4500)), running.taken());
        }
    }

    @Test
    void rowsOfOneKeyWithoutEndStayCheap() throws Exception {
        // Quadratic in any step, this would take minutes.
        try (Joins.Running running = new Joins(FlinkJoinType.INNER, -5000, 2000, false).ours().start()) {
            for (int number = 0; number < 200_000; number++) {
                running.left(null, 100_000 + number % 1000, "row").right(null, 100_000, "row");
            }
            assertTrue(running.taken().isEmpty());
        }
    }

    @Test
    void countsLateRows() throws Exception {
        try (Joins.Running running = new Joins(FlinkJoinType.INNER, -5000, 2000, false).ours().start()) {
            running.watermark(100_000).left("k", 99_000, "kept").left("k", 95_000, "dropped").left("k", 100_001, "timely");
            assertEquals(2, running.operator().lateRecords.getCount());
            assertEquals(1, running.operator().lateRecordsDropped.getCount());
        }
    }

    private static void assertSame(Joins joins, List<Stream.Step> steps) throws Exception {
        boolean any = false;
        try (Joins.Running ours = joins.ours().start(); Joins.Running flinks = joins.flinks().start()) {
            for (int number = 0; number < steps.size(); number++) {
                steps.get(number).apply(ours);
                steps.get(number).apply(flinks);
                final List<String> expected = flinks.taken();
                any |= !expected.isEmpty();
                assertEquals(expected, ours.taken(), "after step " + number);
            }
        }
        assertTrue(any);
    }
}
