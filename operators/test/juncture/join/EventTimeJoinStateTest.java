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

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What the operator has seen survives snapshots, in any number of subtasks, in memory or out of it. */
class EventTimeJoinStateTest {
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
                    Stream.applyAll(steps.subList(from, Math.min(from + 250, steps.size())), running);
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
        final List<String> found =
                inRuns(
                        joins,
                        true,
                        backend,
                        new int[] {1, 3, 2},
                        (running, subtask) -> Stream.applyAll(steps.subList(0, 300), running),
                        (running, subtask) -> Stream.applyAll(steps.subList(300, 600), running),
                        (running, subtask) -> Stream.applyAll(steps.subList(600, steps.size()), running));
        assertEquals(withoutWatermarks(results(joins, steps)), found);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void whatHasExpiredDoesNotComeBack(String backend) throws Exception {
        for (FlinkJoinType type : new FlinkJoinType[] {FlinkJoinType.FULL, FlinkJoinType.LEFT, FlinkJoinType.INNER}) {
            final Joins joins = new Joins(type, -10_000, 10_000, false);
            final Run before = (running, subtask) -> beforeTheRestart(running, 100_500);
            final Run[][] runs = {
                {
                    before,
                    (running, subtask) -> {
                        afterTheRestart(running);
                        atTheEnd(running);
                    }
                },
                {before, (running, subtask) -> afterTheRestart(running), (running, subtask) -> atTheEnd(running)},
                {before, (running, subtask) -> {}, (running, subtask) -> afterTheRestart(running),
                    (running, subtask) -> atTheEnd(running)},
            };
            for (Run[] each : runs) {
                final int[] parallelisms = new int[each.length];
                Arrays.fill(parallelisms, 1);
                final List<String> found = inRuns(joins, true, backend, parallelisms, each);
                assertEquals(inRuns(joins, false, "hashmap", parallelisms, each), found);
                // Of each four keys: b, d, e, f and g.
                assertEquals(20, found.stream().filter(row -> !row.contains("null")).count());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void whatHasExpiredInOneSubtaskDoesNotComeBackInAnother(String backend) throws Exception {
        for (FlinkJoinType type : new FlinkJoinType[] {FlinkJoinType.FULL, FlinkJoinType.LEFT, FlinkJoinType.INNER}) {
            final Joins joins = new Joins(type, -10_000, 10_000, false);
            for (int[] parallelisms : new int[][] {{2, 1, 3}, {3, 2, 1}}) {
                final Run[] runs = {
                    (running, subtask) -> beforeTheRestart(running, subtask == 0 ? 100_500 : 99_000),
                    (running, subtask) -> afterTheRestart(running),
                    (running, subtask) -> atTheEnd(running),
                };
                final List<String> found = inRuns(joins, true, backend, parallelisms, runs);
                assertEquals(inRuns(joins, false, "hashmap", parallelisms, runs), found);
                // Only some of the keys a have expired.
                final long joined = found.stream().filter(row -> row.matches("\\+I a. 90000 .* a. 95000 .*")).count();
                assertTrue(joined > 0 && joined < 4, found.toString());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void anotherJoinBringsNothingBack(String backend) throws Exception {
        for (FlinkJoinType type : new FlinkJoinType[] {FlinkJoinType.INNER, FlinkJoinType.FULL}) {
            final OperatorSubtaskState state;
            try (Joins.Running running =
                    new Joins(type, -10_000, 10_000, false).ours().on(backend(backend)).start()) {
                running.left("a", 90_000, "row").left("b", 91_000, "row").watermark(100_500);
                state = running.snapshot(1);
            }
            // The bounds of the join that wrote the state say what had expired.
            for (long bound : new long[] {5000, 10_000, 20_000}) {
                final Joins after = new Joins(FlinkJoinType.FULL, -bound, bound, false);
                try (Joins.Running running = after.ours().on(backend(backend)).startFrom(state)) {
                    running.right("a", 90_000, "row").watermark(Long.MAX_VALUE);
                    assertEquals(
                            List.of("+I b 91000 row null null null", "+I null null null a 90000 row"),
                            withoutWatermarks(running.taken()));
                }
            }
        }
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
                final ChunkMemory memory = running.operator().store.memory;
                assertTrue(memory.allocated() <= memory.budget, memory.allocated() + " bytes");
            }
            for (int number = 0; number < rows; number += 2) {
                running.right("key" + number, 1_500_000, "match");
            }
            assertEquals(rows / 2, running.taken().size());
            running.watermark(Long.MAX_VALUE);
            assertEquals(rows / 2, withoutWatermarks(running.taken()).size());
        }
    }

    @Test
    void aChunkIsReadBackForAllItsRowsAtOnce() throws Exception {
        final String text = "x".repeat(1000);
        final int hot = 1000;
        final int rows = 10_000;
        try (Joins.Running running =
                new Joins(FlinkJoinType.LEFT, -1_000_000, 0, false).ours().on(backend("hashmap")).start()) {
            final JoinStore store = running.operator().store;
            for (int number = 0; number < rows; number++) {
                running.left(number < hot ? "hot" : "key" + number, 1_000_000 + number * 50L, text);
            }
            // A chunk has 15 of these rows.
            running.right("hot", 1_500_000, "match");
            assertEquals(hot, running.taken().size());
            assertTrue(store.state.chunksRead() < hot / 10, store.state.chunksRead() + " chunks");
            final long before = store.state.chunksRead();
            for (long watermark = 2_000_000; watermark <= 2_500_000; watermark += 5000) {
                running.watermark(watermark);
            }
            assertEquals(rows - hot, withoutWatermarks(running.taken()).size());
            final long read = store.state.chunksRead() - before;
            assertTrue(read < rows / 5, read + " chunks");
        }
    }

    /** As when the backend's disk is full: the slot is to start the same job again. */
    @Test
    void anErrorWhileRoomIsMadeLeavesNoMemoryTaken() throws Exception {
        final Joins.Running running =
                new Joins(FlinkJoinType.LEFT, -1_000_000, 0, false).ours().on(backend("hashmap")).start();
        final ChunkMemory memory = running.operator().store.memory;
        // An index for the bucket after it is made as large as this one's, which is more than there will be.
        for (int number = 0; number < 20_000; number++) {
            running.left("key" + number, 1_000_000, "");
        }
        running.left("key", 1_900_000, "");
        final String text = "x".repeat(1000);
        int number = 0;
        while (memory.used() < memory.budget - (128 << 10)) {
            running.left("key" + number++, 1_500_000, text);
        }
        Fields.write(
                memory,
                "owner",
                new ChunkMemory.Owner() {
                    @Override
                    public int evict(int chunks) throws IOException {
                        throw new IOException("No space left");
                    }

                    @Override
                    public void seal() {}
                });
        assertThrows(IOException.class, () -> running.left("key", 1_200_000, ""));
        running.close();
        assertEquals(0, memory.allocated());
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

    /** Of keys a to e, in both subtasks of two; a and c expire at 100.001 s, b and d at 101.001 s. */
    private static void beforeTheRestart(Joins.Running running, long watermark) throws Exception {
        for (int number = 0; number < 4; number++) {
            running.left("a" + number, 90_000, "row").left("b" + number, 91_000, "row");
            running.right("c" + number, 90_000, "row").right("d" + number, 91_000, "row");
            running.left("e" + number, 90_000, "row").right("e" + number, 90_000, "row");
        }
        running.watermark(watermark);
    }

    /** What would have matched, and rows f and g that the former watermark has passed. */
    private static void afterTheRestart(Joins.Running running) throws Exception {
        for (int number = 0; number < 4; number++) {
            running.right("a" + number, 95_000, "row").right("b" + number, 95_000, "row");
            running.left("c" + number, 95_000, "row").left("d" + number, 95_000, "row");
            running.right("e" + number, 95_000, "row");
            running.left("f" + number, 90_200, "row").right("g" + number, 90_200, "row");
        }
    }

    private static void atTheEnd(Joins.Running running) throws Exception {
        for (int number = 0; number < 4; number++) {
            running.right("f" + number, 95_000, "row").left("g" + number, 95_000, "row");
            running.left("a" + number, 110_000, "never");
        }
        running.watermark(Long.MAX_VALUE);
    }

    /** What happens to each subtask of a run. */
    private interface Run {
        void apply(Joins.Running running, int subtask) throws Exception;
    }

    /** The rows of runs, each of which goes on from a snapshot of the one before, in so many subtasks. */
    private static List<String> inRuns(Joins joins, boolean ours, String backend, int[] parallelisms, Run... runs)
            throws Exception {
        final List<String> found = new ArrayList<>();
        OperatorSubtaskState whole = null;
        for (int number = 0; number < runs.length; number++) {
            final int parallelism = parallelisms[number];
            final OperatorSubtaskState[] parts = new OperatorSubtaskState[parallelism];
            for (int subtask = 0; subtask < parallelism; subtask++) {
                final OperatorSubtaskState mine =
                        whole == null
                                ? null
                                : AbstractStreamOperatorTestHarness.repartitionOperatorState(
                                        whole, Joins.KEY_GROUPS, parallelisms[number - 1], parallelism, subtask);
                try (Joins.Running running =
                        ours ? joins.ours(parallelism, subtask) : joins.flinks(parallelism, subtask)) {
                    runs[number].apply(running.on(backend(backend)).startFrom(mine), subtask);
                    parts[subtask] = running.snapshot(number + 1);
                    found.addAll(running.taken());
                }
            }
            whole = AbstractStreamOperatorTestHarness.repackageState(parts);
        }
        return withoutWatermarks(found);
    }

    private static List<String> results(Joins joins, List<Stream.Step> steps) throws Exception {
        try (Joins.Running running = joins.ours().start()) {
            Stream.applyAll(steps, running);
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
