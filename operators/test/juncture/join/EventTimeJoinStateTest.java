package juncture.join;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

/** What the operator has seen survives snapshots, in any number of subtasks, in memory or out of it. */
class EventTimeJoinStateTest {
    /** Of Flink's harness, in bytes. */
    private static final long MANAGED_MEMORY = 3 << 20;

    private static StateBackend backend(String name) {
        return name.equals("rocksdb") ? new EmbeddedRocksDBStateBackend(false) : new HashMapStateBackend();
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void goesOnFromASnapshot(String backend) throws Exception {
        for (FlinkJoinType type : new FlinkJoinType[] {FlinkJoinType.INNER, FlinkJoinType.FULL}) {
            final Joins joins = new Joins(type, -5000, 2000, false);
            final List<Stream.Step> steps = Stream.disordered(11, 1500, 20, 3000);
            final List<String> expected = results(joins, steps);
            final List<String> found = new ArrayList<>();
            OperatorSubtaskState state = null;
            for (int from = 0; from < steps.size(); from += 250) {
                try (Joins.Running running = joins.ours().on(backend(backend)).startFrom(state)) {
                    for (Stream.Step step : steps.subList(from, Math.min(from + 250, steps.size()))) {
                        step.apply(running);
                    }
                    state = running.snapshot(from + 1);
                    found.addAll(running.taken());
                }
            }
            assertEquals(withoutWatermarks(expected), withoutWatermarks(found));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void aSnapshotDoesNotDisturbTheRun(String backend) throws Exception {
        final Joins joins = new Joins(FlinkJoinType.FULL, -5000, 2000, false);
        final List<Stream.Step> steps = Stream.disordered(12, 1500, 20, 3000);
        final List<String> found;
        try (Joins.Running running = joins.ours().on(backend(backend)).start()) {
            for (int number = 0; number < steps.size(); number++) {
                steps.get(number).apply(running);
                if (number % 50 == 0) {
                    running.snapshot(number + 1);
                }
            }
            found = running.taken();
        }
        assertEquals(results(joins, steps), found);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void rescales(String backend) throws Exception {
        final Joins joins = new Joins(FlinkJoinType.FULL, -5000, 2000, false);
        final List<Stream.Step> steps = Stream.disordered(13, 900, 20, 3000);
        final List<String> found = new ArrayList<>();
        OperatorSubtaskState whole = null;
        int before = 1;
        int from = 0;
        for (int parallelism : new int[] {1, 3, 2}) {
            final int to = parallelism == 2 ? steps.size() : from + 300;
            final OperatorSubtaskState[] parts = new OperatorSubtaskState[parallelism];
            for (int subtask = 0; subtask < parallelism; subtask++) {
                final OperatorSubtaskState mine =
                        whole == null
                                ? null
                                : AbstractStreamOperatorTestHarness.repartitionOperatorState(
                                        whole, Joins.KEY_GROUPS, before, parallelism, subtask);
                try (Joins.Running running = joins.ours(parallelism, subtask).on(backend(backend)).startFrom(mine)) {
                    for (Stream.Step step : steps.subList(from, to)) {
                        step.apply(running);
                    }
                    parts[subtask] = running.snapshot(from + 1);
                    found.addAll(running.taken());
                }
            }
            whole = AbstractStreamOperatorTestHarness.repackageState(parts);
            before = parallelism;
            from = to;
        }
        assertEquals(withoutWatermarks(results(joins, steps)), withoutWatermarks(found));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void joinsMoreThanItsMemoryHolds(String backend) throws Exception {
        // Some 20 MB of rows. A row in fifty is larger than a chunk.
        final String text = "x".repeat(1000);
        final String large = "x".repeat(40_000);
        try (Joins.Running running =
                new Joins(FlinkJoinType.LEFT, -1_000_000, 0, false).ours().on(backend(backend)).start()) {
            final int rows = 10_000;
            for (int number = 0; number < rows; number++) {
                running.left("key" + number, 1_000_000 + number * 50L, number % 50 == 0 ? large : text);
                assertTrue(running.operator().memory.allocated() <= MANAGED_MEMORY);
            }
            for (int number = 0; number < rows; number += 2) {
                running.right("key" + number, 1_500_000, "match");
            }
            assertEquals(rows / 2, running.taken().size());
            running.watermark(Long.MAX_VALUE);
            assertEquals(rows / 2, withoutWatermarks(running.taken()).size());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void nothingStaysWhenAllHasExpired(String backend) throws Exception {
        final Joins joins = new Joins(FlinkJoinType.FULL, -5000, 2000, false);
        final OperatorSubtaskState state;
        try (Joins.Running running = joins.ours().on(backend(backend)).start()) {
            for (Stream.Step step : Stream.disordered(14, 500, 20, 3000)) {
                step.apply(running);
            }
            state = running.snapshot(1);
            assertEquals(0, running.storedChunks());
        }
        try (Joins.Running running = joins.ours().on(backend(backend)).startFrom(state)) {
            assertTrue(withoutWatermarks(running.watermark(Long.MAX_VALUE).taken()).isEmpty());
        }
    }

    private static List<String> results(Joins joins, List<Stream.Step> steps) throws Exception {
        try (Joins.Running running = joins.ours().start()) {
            for (Stream.Step step : steps) {
                step.apply(running);
            }
            return running.taken();
        }
    }

    private static List<String> withoutWatermarks(List<String> taken) {
        final List<String> rows = new ArrayList<>(taken);
        rows.removeIf(text -> text.startsWith("Watermark"));
        rows.sort(null);
        return rows;
    }
}
