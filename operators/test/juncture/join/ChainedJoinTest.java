package juncture.join;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.operators.OperatorSnapshotFinalizer;
import org.apache.flink.streaming.api.operators.OperatorSnapshotFutures;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** A chain as one operator gives what its joins give as operators one behind the other. */
class ChainedJoinTest {
    private static final FlinkJoinType[] KINDS = {FlinkJoinType.INNER, FlinkJoinType.LEFT};
    private static final long[][] BOUNDS = {{-5000, 2000}, {-4000, 0}, {1000, 4000}, {-6000, -500}, {-250, 250}};

    /** One thing that happens. */
    interface Step {
        void apply(Chains.Running running) throws Exception;
    }

    @Test
    void sameResultsAtTheSameWatermarks() throws Exception {
        for (FlinkJoinType first : KINDS) {
            for (FlinkJoinType second : KINDS) {
                int rows = 0;
                for (long seed = 1; seed <= 12; seed++) {
                    final Chains chains = chains(new Random(seed), first, second);
                    rows += assertSame(chains, steps(seed, 900, 5, 3, true), seed);
                }
                assertTrue(rows > 1000, rows + " rows");
            }
        }
    }

    @Test
    void sameResultsOfFourTopics() throws Exception {
        int rows = 0;
        for (long seed = 1; seed <= 24; seed++) {
            final Random random = new Random(seed);
            final Chains chains =
                    chains(random, KINDS[random.nextInt(2)], KINDS[random.nextInt(2)], KINDS[random.nextInt(2)]);
            rows += assertSame(chains, steps(seed, 900, 4, 4, true), seed);
        }
        assertTrue(rows > 1000, rows + " rows");
    }

    /** Flink's hold some unmatched rows back, which makes their watermarks' rows others; all rows are the same. */
    @Test
    void sameRowsAsFlinks() throws Exception {
        for (FlinkJoinType first : KINDS) {
            for (FlinkJoinType second : KINDS) {
                int rows = 0;
                for (long seed = 1; seed <= 8; seed++) {
                    final Chains chains = chains(new Random(seed), first, second);
                    final List<Step> steps = steps(seed + 100, 900, 5, 3, false);
                    final List<String> expected = run(chains.separate(false, "hashmap", 1, 0), steps);
                    assertNoDifference(expected, run(chains.fused("hashmap", 1, 0), steps), "seed " + seed + " of " + chains);
                    rows += expected.size();
                }
                assertTrue(rows > 1000, rows + " rows");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void goesOnFromSnapshotsInAnyNumberOfSubtasks(String backend) throws Exception {
        final int[] parallelisms = {1, 1, 3, 2, 1, 2};
        for (long seed = 1; seed <= (backend.equals("rocksdb") ? 1 : 6); seed++) {
            final Random random = new Random(seed);
            final Chains chains = chains(random, KINDS[(int) seed % 2], KINDS[random.nextInt(2)]);
            final List<Step> steps = steps(seed + 200, 900, 8, 3, false);
            final List<String> found = new ArrayList<>();
            OperatorSubtaskState whole = null;
            for (int run = 0; run < parallelisms.length; run++) {
                final int parallelism = parallelisms[run];
                final int end = run == parallelisms.length - 1 ? steps.size() : (run + 1) * 120;
                final OperatorSubtaskState[] parts = new OperatorSubtaskState[parallelism];
                for (int subtask = 0; subtask < parallelism; subtask++) {
                    final List<OperatorSubtaskState> mine =
                            whole == null
                                    ? null
                                    : List.of(
                                            AbstractStreamOperatorTestHarness.repartitionOperatorState(
                                                    whole, Joins.KEY_GROUPS, parallelisms[run - 1], parallelism, subtask));
                    try (Chains.Fused running = chains.fused(backend, parallelism, subtask).start(mine)) {
                        for (int number = run * 120; number < end; number++) {
                            steps.get(number).apply(running);
                            if (number % 31 == 0) {
                                running.snapshot(number);
                            }
                        }
                        parts[subtask] = running.snapshot(10_000 + run).get(0);
                        found.addAll(running.rows());
                    }
                }
                whole = AbstractStreamOperatorTestHarness.repackageState(parts);
            }
            assertNoDifference(
                    run(chains.separate(true, "hashmap", 1, 0), steps), found, "seed " + seed + " of " + chains);
        }
    }

    /** Flink writes what a checkpoint has while the operator goes on. */
    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void aSnapshotIsThatOfItsTimeWheneverItIsWritten(String backend) throws Exception {
        final Chains chains =
                new Chains(
                        new Chains.Link(FlinkJoinType.LEFT, -5000, 0, false),
                        new Chains.Link(FlinkJoinType.INNER, -20_000, 0, false));
        final OperatorSubtaskState state;
        try (Chains.Fused running = chains.fused(backend, 1, 0).start(null)) {
            running.row(0, "k", 100_000, "root").row(2, "k", 103_000, "other").watermark(101_000);
            final OperatorSnapshotFutures begun = running.begin(1);
            running.watermark(200_000);
            state = OperatorSnapshotFinalizer.create(begun).getJobManagerOwnedState();
        }
        try (Chains.Fused running = chains.fused(backend, 1, 0).start(List.of(state))) {
            running.row(1, "k", 104_000, "match");
            assertEquals(List.of("+I k 100000 root 104000 match k 103000 other"), running.rows());
        }
    }

    /** Rows read again, in any order, build the state with which the operator goes on that had read them first. */
    @Test
    void goesOnFromStateThatWasBuilt() throws Exception {
        for (long seed = 1; seed <= 8; seed++) {
            final Chains chains = chains(new Random(seed), FlinkJoinType.INNER, FlinkJoinType.INNER);
            final List<Step> steps = steps(seed + 300, 900, 5, 3, false);
            final int cut = 400 + new Random(seed).nextInt(200);
            final List<Step> after = steps.subList(cut, steps.size());
            final List<String> expected;
            final long reached;
            try (Chains.Fused old = chains.fused("hashmap", 1, 0).start(null)) {
                applyAll(steps.subList(0, cut), old);
                reached = old.operator().time.watermark(1);
                try (Chains.Fused again = chains.fused("hashmap", 1, 0).start(old.snapshot(1))) {
                    applyAll(after, again);
                    expected = again.rows();
                }
            }
            // The first part was read while the watermark was not as far.
            List<OperatorSubtaskState> state = built(chains, null, steps.subList(0, cut / 2), seed, reached - 20_000);
            state = built(chains, state, steps.subList(cut / 2, cut), seed, reached);
            try (Chains.Fused running = chains.fused("hashmap", 1, 0).start(state)) {
                applyAll(after, running);
                assertNoDifference(expected, running.rows(), "seed " + seed + " of " + chains);
            }
            assertTrue(!expected.isEmpty());
        }
    }

    private static List<OperatorSubtaskState> built(
            Chains chains, List<OperatorSubtaskState> before, List<Step> steps, long seed, long until)
            throws Exception {
        final List<Step> mixed = new ArrayList<>(steps);
        Collections.shuffle(mixed, new Random(seed));
        try (Chains.Fused building = chains.building(until).start(before)) {
            applyAll(mixed, building);
            final List<OperatorSubtaskState> state = building.snapshot(1);
            assertEquals(List.of(), building.taken());
            return state;
        }
    }

    static void applyAll(List<Step> steps, Chains.Running running) throws Exception {
        for (Step step : steps) {
            step.apply(running);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void joinsMoreThanItsMemoryHolds(String backend) throws Exception {
        final Chains chains =
                new Chains(
                        new Chains.Link(FlinkJoinType.LEFT, -1_000_000, 0, false),
                        new Chains.Link(FlinkJoinType.LEFT, -1_000_000, 0, false));
        // Some 12 MB of rows. A row in fifty is larger than a chunk.
        final String text = "x".repeat(1000);
        final String large = "x".repeat(40_000);
        try (Chains.Fused running = chains.fused(backend, 1, 0).start(null)) {
            final ChainedJoin operator = running.operator();
            final int count = 6000;
            for (int number = 0; number < count; number++) {
                running.row(0, "key" + number, 1_000_000 + number * 50L, number % 50 == 0 ? large : text);
                if (number % 2 == 0) {
                    running.row(1, "key" + number, 1_400_000, "match");
                }
                final ChunkMemory memory = operator.store.memory;
                assertTrue(memory.allocated() <= memory.budget, memory.allocated() + " bytes");
            }
            for (int number = 0; number < count; number += 3) {
                running.row(2, "key" + number, 1_400_000, "match");
            }
            assertEquals(count / 6, running.rows().size());
            running.watermark(Long.MAX_VALUE);
            final List<String> rows = running.rows();
            assertEquals(count * 5 / 6, rows.size());
            // Neither, the second alone, and the first alone.
            assertEquals(count / 3, rows.stream().filter(row -> row.endsWith("x null null null null null")).count());
            assertEquals(count / 6, rows.stream().filter(row -> row.contains("x null null key")).count());
            running.snapshot(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void nothingStaysWhenAllHasExpired(String backend) throws Exception {
        final Chains chains = chains(new Random(3), FlinkJoinType.LEFT, FlinkJoinType.LEFT);
        final List<OperatorSubtaskState> state;
        try (Chains.Fused running = chains.fused(backend, 1, 0).start(null)) {
            int number = 0;
            for (Step step : steps(14, 500, 5, 3, false)) {
                step.apply(running);
                if (++number % 100 == 0) {
                    running.snapshot(number);
                    assertTrue(running.storedChunks() > 0);
                }
            }
            state = running.snapshot(1000);
            assertEquals(0, running.storedChunks());
        }
        try (Chains.Fused running = chains.fused(backend, 1, 0).start(state)) {
            assertEquals(List.of(), running.watermark(Long.MAX_VALUE).rows());
        }
    }

    @Test
    void anUnmatchedRowGoesOnWhenItsWatermarkRulesAMatchOut() throws Exception {
        final Chains chains =
                new Chains(
                        new Chains.Link(FlinkJoinType.LEFT, -5000, 0, false),
                        new Chains.Link(FlinkJoinType.LEFT, -20_000, 0, false));
        try (Chains.Fused running = chains.fused("hashmap", 1, 0).start(null)) {
            running.row(0, "k", 100_000, "root").row(2, "k", 103_000, "before").watermark(105_000);
            assertEquals(List.of(), running.rows());
            running.watermark(0, 105_001).watermark(2, 105_001);
            assertEquals(List.of(), running.rows());
            running.watermark(1, 105_001);
            assertEquals(List.of("+I k 100000 root null null k 103000 before"), running.rows());
            running.row(2, "k", 120_000, "after");
            assertEquals(List.of("+I k 100000 root null null k 120000 after"), running.rows());
            running.row(2, "k", 120_001, "beyond").row(1, "k", 105_001, "beyond");
            running.watermark(Long.MAX_VALUE);
            assertEquals(List.of(), running.rows());
        }
    }

    @Test
    void aRowWithoutATimeMatchesNothing() throws Exception {
        for (FlinkJoinType first : KINDS) {
            for (FlinkJoinType second : KINDS) {
                final Chains chains =
                        new Chains(new Chains.Link(first, -5000, 0, false), new Chains.Link(second, -5000, 0, false));
                try (Chains.Fused fused = chains.fused("hashmap", 1, 0).start(null);
                        Chains.Running separate = chains.separate(true, "hashmap", 1, 0).start(null)) {
                    for (Chains.Running running : List.of(fused, separate)) {
                        running.timeless(0, "k", "root").timeless(1, "k", "one").timeless(2, "k", "two");
                        running.timeless(0, "k", "root").watermark(100_000).timeless(0, "k", "root");
                        final boolean left = first == FlinkJoinType.LEFT && second == FlinkJoinType.LEFT;
                        assertEquals(Collections.nCopies(left ? 3 : 0, "+I k null root null null null null null"), running.rows());
                    }
                    assertEquals(0, fused.operator().lateRecords.getCount());
                    assertEquals(0, fused.operator().lateRecordsDropped.getCount());
                }
            }
        }
    }

    /** The first join holds the end of event time back, by less than the second lets roots go early. */
    @Test
    void unmatchedRowsComeOutAtTheEndOfEventTime() throws Exception {
        final Chains chains =
                new Chains(
                        new Chains.Link(FlinkJoinType.LEFT, -5000, 0, false),
                        new Chains.Link(FlinkJoinType.LEFT, 6000, 9000, false));
        try (Chains.Fused running = chains.fused("hashmap", 1, 0).start(null)) {
            running.row(0, "k", 100_000, "root").watermark(Long.MAX_VALUE);
            assertEquals(List.of("+I k 100000 root null null null null null"), running.rows());
        }
    }

    /** As the single join does: with all that is kept, unless it was put out as unmatched. */
    @Test
    void aLateRowJoinsWhatIsKept() throws Exception {
        for (FlinkJoinType type : KINDS) {
            final Chains chains =
                    new Chains(
                            new Chains.Link(type, -5000, 0, false),
                            new Chains.Link(FlinkJoinType.INNER, -20_000, 0, false));
            try (Chains.Fused running = chains.fused("hashmap", 1, 0).start(null)) {
                final ChainedJoin operator = running.operator();
                running.row(0, "k", 100_000, "root").row(2, "k", 103_000, "other").watermark(107_000);
                final boolean left = type == FlinkJoinType.LEFT;
                assertEquals(
                        left ? List.of("+I k 100000 root null null k 103000 other") : List.of(), running.rows());
                running.row(1, "k", 104_000, "late");
                assertEquals(
                        left ? List.of() : List.of("+I k 100000 root 104000 late k 103000 other"), running.rows());
                running.row(2, "k", 104_000, "later");
                assertEquals(
                        left
                                ? List.of("+I k 100000 root null null k 104000 later")
                                : List.of("+I k 100000 root 104000 late k 104000 later"),
                        running.rows());
                running.watermark(130_000);
                running.row(1, "k", 104_000, "too late").row(0, "k", 104_999, "too late");
                assertEquals(List.of(), running.rows());
                assertEquals(3, operator.lateRecords.getCount());
                // The row of a left join that is too late goes on unmatched.
                assertEquals(left ? 1 : 2, operator.lateRecordsDropped.getCount());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rocksdb", "hashmap"})
    void refusesTheStateOfJoinsOfTheirOwnAndTheyIts(String backend) throws Exception {
        final Chains chains =
                new Chains(
                        new Chains.Link(FlinkJoinType.INNER, -5000, 0, false),
                        new Chains.Link(FlinkJoinType.INNER, -5000, 0, false));
        for (boolean ours : new boolean[] {true, false}) {
            final OperatorSubtaskState last;
            try (Chains.Running running = chains.separate(ours, backend, 1, 0).start(null)) {
                running.row(0, "k", 100_000, "root").row(1, "k", 101_000, "one");
                last = running.snapshot(1).get(1);
            }
            assertRefused(chains.fused(backend, 1, 0), List.of(last), ours ? "one join by itself" : "Flink's join");
        }
        final OperatorSubtaskState state;
        try (Chains.Fused running = chains.fused(backend, 1, 0).start(null)) {
            running.row(0, "k", 100_000, "root").row(1, "k", 101_000, "one");
            state = running.snapshot(1).get(0);
        }
        // The uid is the last join's: the others find no state, which Flink may be told to accept.
        final OperatorSubtaskState none = OperatorSubtaskState.builder().build();
        assertRefused(chains.separate(true, backend, 1, 0), List.of(none, state), "a chain of joins as one operator");
        assertRefused(chains.separate(false, backend, 1, 0), List.of(none, state), "");
        final Chains longer = new Chains(chains.links.get(0), chains.links.get(0), chains.links.get(0));
        assertRefused(longer.fused(backend, 1, 0), List.of(state), "a chain of joins as one operator");
    }

    private static void assertRefused(Chains.Running running, List<OperatorSubtaskState> states, String reason)
            throws Exception {
        try (Chains.Running closed = running) {
            final Exception refused = assertThrows(Exception.class, () -> closed.start(states));
            assertTrue(Joins.messages(refused).contains(reason), Joins.messages(refused));
        }
    }

    private static Chains chains(Random random, FlinkJoinType... types) {
        final Chains.Link[] links = new Chains.Link[types.length];
        for (int join = 0; join < links.length; join++) {
            final long[] bounds = BOUNDS[random.nextInt(types.length == 2 && join == 0 ? 2 : BOUNDS.length)];
            links[join] = new Chains.Link(types[join], bounds[0], bounds[1], random.nextInt(4) == 0);
        }
        return new Chains(links);
    }

    /** Rows of which none is late, watermarks of all inputs or of one, idle inputs, and the end of event time. */
    static List<Step> steps(long seed, int count, int keys, int inputs, boolean idling) {
        final Random random = new Random(seed);
        final List<Step> steps = new ArrayList<>();
        // Were all inputs of a join idle, the next one would not wait for what it has yet to put out.
        int idles = 0;
        final boolean[] idle = new boolean[inputs];
        long now = 1_000_000;
        for (int number = 0; number < count; number++) {
            now += random.nextInt(400);
            final int input = random.nextInt(inputs);
            final long watermark = now - 3000;
            final int drawn = random.nextInt(40);
            if (drawn <= 1) {
                for (int each = 0; each < inputs; each++) {
                    final int one = each;
                    if (!idle[each]) {
                        steps.add(running -> running.watermark(one, watermark));
                    }
                }
            } else if (drawn <= 3 && !idle[input]) {
                steps.add(running -> running.watermark(input, watermark));
            } else if ((drawn == 4 && idles == 0 || idle[input] && drawn < 16) && idling) {
                idle[input] = !idle[input];
                idles += idle[input] ? 1 : -1;
                final boolean becomes = idle[input];
                steps.add(running -> running.idle(input, becomes));
            } else if (!idle[input]) {
                final int name = random.nextInt(keys + 1);
                final String key = name == keys ? null : "key" + name;
                final long time = (now - random.nextInt(2750)) / 250 * 250;
                final String text = "row" + number + (random.nextInt(4) == 0 ? "x" : "");
                steps.add(running -> running.row(input, key, time, text));
            }
        }
        for (int input = 0; input < inputs; input++) {
            final int one = input;
            if (idle[input]) {
                steps.add(running -> running.idle(one, false));
            }
            steps.add(running -> running.watermark(one, Long.MAX_VALUE));
        }
        return steps;
    }

    /** Returns how many rows there were. */
    private static int assertSame(Chains chains, List<Step> steps, long seed) throws Exception {
        final List<String> ours = new ArrayList<>();
        final List<String> expected = new ArrayList<>();
        try (Chains.Running fused = chains.fused("hashmap", 1, 0).start(null);
                Chains.Running separate = chains.separate(true, "hashmap", 1, 0).start(null)) {
            for (int number = 0; number < steps.size(); number++) {
                steps.get(number).apply(fused);
                steps.get(number).apply(separate);
                final List<String> now = separate.taken();
                assertNoDifference(now, fused.taken(), "seed " + seed + ", after step " + number + " of " + chains);
                expected.addAll(now);
            }
        }
        expected.removeIf(text -> !text.startsWith("+"));
        return expected.size();
    }

    private static void assertNoDifference(List<String> expected, List<String> found, String where) {
        final List<String> missing = new ArrayList<>(expected);
        found.forEach(missing::remove);
        final List<String> more = new ArrayList<>(found);
        expected.forEach(more::remove);
        assertTrue(missing.isEmpty() && more.isEmpty(), () -> where + ": missing " + missing + ", more " + more);
    }

    static List<String> run(Chains.Running running, List<Step> steps) throws Exception {
        try (Chains.Running started = running.start(null)) {
            for (Step step : steps) {
                step.apply(started);
            }
            return started.rows();
        }
    }
}
