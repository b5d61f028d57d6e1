package juncture.join;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** State that was built from rows read again, in any order, goes on as that of the join which had read them first. */
class EventTimeJoinBuildTest {
    @ParameterizedTest
    @EnumSource(value = FlinkJoinType.class, names = {"INNER", "LEFT", "RIGHT", "FULL"})
    void goesOnAsTheJoinThatReadThemFirst(FlinkJoinType type) throws Exception {
        final Joins joins = new Joins(type, -5000, 2000, false);
        for (long seed = 21; seed <= 24; seed++) {
            assertGoesOn(joins, Stream.disordered(seed, 1500, 20, 3000), seed);
        }
    }

    private static void assertGoesOn(Joins joins, List<Stream.Step> steps, long seed) throws Exception {
        final int cut = 700 + new Random(seed).nextInt(400);
        final List<Stream.Step> after = steps.subList(cut, steps.size());
        final List<String> expected;
        final long reached;
        try (Joins.Running old = joins.ours().start()) {
            Stream.applyAll(steps.subList(0, cut), old);
            reached = old.reached();
            final OperatorSubtaskState stopped = old.snapshot(1);
            try (Joins.Running again = joins.ours().startFrom(stopped)) {
                Stream.applyAll(after, again);
                expected = again.taken();
            }
        }
        // The first part was read while the watermark was not as far.
        OperatorSubtaskState state = built(joins, null, steps.subList(0, cut / 2), seed, reached - 20_000);
        state = built(joins, state, steps.subList(cut / 2, cut), seed, reached);
        try (Joins.Running running = joins.ours().on(new HashMapStateBackend()).startFrom(state)) {
            Stream.applyAll(after, running);
            assertEquals(withoutWatermarks(expected), withoutWatermarks(running.taken()));
            assertFalse(expected.isEmpty());
        }
    }

    @Test
    void lateRowsMatterToUnmatchedOnesAlone() throws Exception {
        final Joins joins = new Joins(FlinkJoinType.INNER, -5000, 2000, false);
        for (long seed = 25; seed <= 28; seed++) {
            // Two of three rows are behind the watermark.
            assertGoesOn(joins, Stream.disordered(seed, 1500, 20, 0), seed);
        }
    }

    /** The state after these steps, whose rows come in another order, and whose watermarks don't count. */
    private static OperatorSubtaskState built(
            Joins joins, OperatorSubtaskState before, List<Stream.Step> steps, long seed, long until) throws Exception {
        final List<Stream.Step> mixed = new ArrayList<>(steps);
        Collections.shuffle(mixed, new Random(seed));
        try (Joins.Running building = joins.building(until).on(new HashMapStateBackend()).startFrom(before)) {
            Stream.applyAll(mixed, building);
            final OperatorSubtaskState state = building.snapshot(1);
            assertEquals(List.of(), building.taken());
            return state;
        }
    }

    private static List<String> withoutWatermarks(List<String> taken) {
        final List<String> rows = new ArrayList<>(taken);
        rows.removeIf(text -> text.startsWith("Watermark"));
        return rows;
    }
}
