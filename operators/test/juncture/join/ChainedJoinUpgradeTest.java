package juncture.join;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What a chain makes of the state of one whose joins had other bounds, or other kinds. */
class ChainedJoinUpgradeTest {
    private static final long[][] BOUNDS = {{-5000, 2000}, {-4000, 0}, {1000, 4000}, {-6000, -500}, {-2000, 2500}};
    private static final String[] BACKENDS = {"hashmap", "rocksdb"};

    /** By root: what the old chain has put out, what the new one goes on with, and what it puts out by itself. */
    private static final class Outcome {
        private final Map<String, List<String>> before;
        private final Map<String, List<String>> after;

        /** As `after`, of the new chain that had run from the beginning, and all that it had put out. */
        private final Map<String, List<String>> freshAfter;

        private final Map<String, List<String>> fresh;
        private final String where;

        /** No root before the change is later. */
        private final long read;

        private Outcome(Chains old, Chains changed, long seed, int inputs, String backend) throws Exception {
            final List<ChainedJoinTest.Step> steps = ChainedJoinTest.steps(seed + 400, 900, 5, inputs, false);
            final int cut = 300 + new Random(seed).nextInt(300);
            where = "seed " + seed + " from " + old + " to " + changed;
            final List<OperatorSubtaskState> state;
            try (Chains.Fused running = old.fused(backend, 1, 0).start(null)) {
                ChainedJoinTest.applyAll(steps.subList(0, cut), running);
                before = byRoot(running.rows());
                state = running.snapshot(1);
            }
            read = before.values().stream().mapToLong(rows -> time(rows.get(0))).max().orElseThrow() + 3000;
            List<OperatorSubtaskState> later;
            final List<String> rows = new ArrayList<>();
            try (Chains.Fused running = changed.fused(backend, 1, 0).start(state)) {
                ChainedJoinTest.applyAll(steps.subList(cut, cut + 60), running);
                rows.addAll(running.rows());
                later = running.snapshot(2);
            }
            // What was judged again is in the state: one more restore changes nothing.
            try (Chains.Fused running = changed.fused(backend, 1, 0).start(later)) {
                ChainedJoinTest.applyAll(steps.subList(cut + 60, steps.size()), running);
                rows.addAll(running.rows());
                assertEquals(0, running.operator().lateRecords.getCount(), where);
            }
            after = byRoot(rows);
            try (Chains.Fused running = changed.fused("hashmap", 1, 0).start(null)) {
                ChainedJoinTest.applyAll(steps.subList(0, cut), running);
                final List<String> all = running.rows();
                ChainedJoinTest.applyAll(steps.subList(cut, steps.size()), running);
                final List<String> since = running.rows();
                freshAfter = byRoot(since);
                all.addAll(since);
                fresh = byRoot(all);
            }
        }

        private static Map<String, List<String>> byRoot(List<String> rows) {
            return rows.stream().collect(Collectors.groupingBy(row -> row.split(" ")[3], TreeMap::new, Collectors.toList()));
        }

        private static List<String> of(Map<String, List<String>> rows, String root) {
            final List<String> found = new ArrayList<>(rows.getOrDefault(root, List.of()));
            Collections.sort(found);
            return found;
        }

        private TreeSet<String> roots() {
            final TreeSet<String> roots = new TreeSet<>(before.keySet());
            roots.addAll(after.keySet());
            roots.addAll(fresh.keySet());
            return roots;
        }
    }

    /** The second bounds are within the first. */
    private static Chains[] narrowed(Random random, FlinkJoinType... types) {
        final Chains.Link[] wide = new Chains.Link[types.length];
        final Chains.Link[] narrow = new Chains.Link[types.length];
        for (int join = 0; join < types.length; join++) {
            final long[] bounds = BOUNDS[random.nextInt(BOUNDS.length)];
            final boolean changes = random.nextInt(3) > 0;
            final long lower = bounds[0] + (changes ? random.nextInt(5) * 250 : 0);
            final long upper = bounds[1] - (changes ? random.nextInt(5) * 250 : 0);
            final boolean nulls = random.nextInt(4) == 0;
            wide[join] = new Chains.Link(types[join], bounds[0], bounds[1], nulls);
            narrow[join] = new Chains.Link(types[join], lower, upper, nulls);
        }
        return new Chains[] {new Chains(wide), new Chains(narrow)};
    }

    /** Of a result's root. */
    private static long time(String row) {
        return Long.parseLong(row.split(" ")[2]);
    }

    private static FlinkJoinType kind(boolean left) {
        return left ? FlinkJoinType.LEFT : FlinkJoinType.INNER;
    }

    @Test
    void withNarrowerBoundsInnerJoinsGoOnAsIfTheyAlwaysHadThem() throws Exception {
        int rows = 0;
        for (long seed = 1; seed <= 12; seed++) {
            final Chains[] chains = narrowed(new Random(seed), kind(false), kind(false));
            final Outcome outcome = new Outcome(chains[0], chains[1], seed, 3, BACKENDS[seed == 1 ? 1 : 0]);
            for (String root : outcome.roots()) {
                assertEquals(Outcome.of(outcome.freshAfter, root), Outcome.of(outcome.after, root), outcome.where);
            }
            rows += outcome.after.size();
        }
        assertTrue(rows > 100, rows + " roots");
    }

    /**
     * A row of which nothing was written comes out as if the narrower bounds had always been. One that was written has no
     * result twice, and every match of all topics that is still to come.
     */
    @ParameterizedTest
    @CsvSource({"true,true", "true,false", "false,true"})
    void withNarrowerBoundsUnmatchedRowsComeOutOnce(boolean first, boolean second) throws Exception {
        int unwritten = 0;
        int written = 0;
        for (long seed = 1; seed <= 16; seed++) {
            final boolean four = seed % 4 == 0;
            final Random random = new Random(seed);
            final Chains[] chains =
                    four
                            ? narrowed(random, kind(first), kind(second), kind(random.nextBoolean()))
                            : narrowed(random, kind(first), kind(second));
            final Outcome outcome = new Outcome(chains[0], chains[1], seed, four ? 4 : 3, "hashmap");
            for (String root : outcome.roots()) {
                final String where = outcome.where + ", " + root;
                final List<String> after = Outcome.of(outcome.after, root);
                if (!outcome.before.containsKey(root)) {
                    assertEquals(Outcome.of(outcome.fresh, root), after, where);
                    unwritten += after.size();
                } else {
                    final List<String> all = Outcome.of(outcome.fresh, root);
                    final List<String> whole = Outcome.of(outcome.freshAfter, root);
                    whole.removeIf(row -> row.contains(" null null"));
                    assertTrue(after.containsAll(whole), where);
                    assertTrue(Collections.disjoint(after, outcome.before.get(root)), where);
                    assertTrue(after.stream().allMatch(row -> all.contains(row) || row.contains(" null null")), where);
                    written += after.size();
                }
            }
        }
        assertTrue(unwritten > 300 && written > 30, unwritten + " and " + written + " rows");
    }

    /** Rows of which all topics' come after the change are whole; the others may lack matches that were not kept. */
    @Test
    void withWiderBoundsTheJoinsAreWholeOnceTheyAreFull() throws Exception {
        int whole = 0;
        for (long seed = 1; seed <= 16; seed++) {
            final Random random = new Random(seed);
            final Chains[] chains = narrowed(random, kind(random.nextBoolean()), kind(random.nextBoolean()));
            final Outcome outcome = new Outcome(chains[1], chains[0], seed, 3, BACKENDS[seed == 1 ? 1 : 0]);
            for (String root : outcome.roots()) {
                final List<String> after = Outcome.of(outcome.after, root);
                final List<String> all = Outcome.of(outcome.fresh, root);
                final List<String> any = after.isEmpty() ? all : after;
                if (!any.isEmpty() && time(any.get(0)) > outcome.read + 9000) {
                    assertEquals(all, after, outcome.where + ", " + root);
                    whole += after.size();
                }
                assertTrue(
                        after.stream().allMatch(row -> all.contains(row) || row.contains(" null null")),
                        outcome.where + ", " + root);
            }
        }
        assertTrue(whole > 300, whole + " rows");
    }

    /** From inner to left a row may come out unmatched as long as it is kept, and none twice. */
    @ParameterizedTest
    @CsvSource({
        "false,false,true,false", "false,false,false,true", "false,false,true,true", "true,false,true,true",
        "true,true,false,true", "true,true,true,false", "true,true,false,false", "false,true,true,false",
    })
    void goesOnWithJoinsOfOtherKinds(boolean first, boolean second, boolean newFirst, boolean newSecond)
            throws Exception {
        int rows = 0;
        for (long seed = 1; seed <= 6; seed++) {
            final Random random = new Random(seed);
            final long[] one = BOUNDS[random.nextInt(2)];
            final long[] two = BOUNDS[random.nextInt(BOUNDS.length)];
            final Chains old =
                    new Chains(
                            new Chains.Link(kind(first), one[0], one[1], false),
                            new Chains.Link(kind(second), two[0], two[1], false));
            final Chains changed =
                    new Chains(
                            new Chains.Link(kind(newFirst), one[0], one[1], false),
                            new Chains.Link(kind(newSecond), two[0], two[1], false));
            final Outcome outcome = new Outcome(old, changed, seed, 3, "hashmap");
            final boolean turned = newFirst && !first;
            for (String root : outcome.roots()) {
                final String where = outcome.where + ", " + root;
                final List<String> after = Outcome.of(outcome.after, root);
                final List<String> missing = Outcome.of(outcome.freshAfter, root);
                missing.removeAll(after);
                // Inner joins keep no rows with a null in the key, and none for later joins that they found nothing for.
                assertTrue(
                        missing.stream()
                                .allMatch(row -> row.startsWith("+I null") || turned && time(row) < outcome.read),
                        where + " misses " + missing);
                assertTrue(Outcome.of(outcome.fresh, root).containsAll(after), where + " has " + after);
                assertTrue(Collections.disjoint(after, Outcome.of(outcome.before, root)), where);
                assertEquals(after.size(), new TreeSet<>(after).size(), where);
                rows += after.size();
            }
        }
        assertTrue(rows > 200, rows + " rows");
    }

    private static final Chains WIDE =
            new Chains(
                    new Chains.Link(FlinkJoinType.LEFT, -5000, 0, false),
                    new Chains.Link(FlinkJoinType.LEFT, -20_000, 0, false));
    private static final Chains NARROW =
            new Chains(
                    new Chains.Link(FlinkJoinType.LEFT, -2000, 0, false),
                    new Chains.Link(FlinkJoinType.LEFT, -20_000, 0, false));

    @Test
    void aRowThatNothingWasWrittenOfWaitsForAMatchWithinTheNewBounds() throws Exception {
        final List<OperatorSubtaskState> state;
        try (Chains.Fused running = WIDE.fused("hashmap", 1, 0).start(null)) {
            running.row(0, "k", 100_000, "one").row(0, "k", 102_000, "two").row(1, "k", 104_500, "beyond");
            state = running.snapshot(1);
        }
        try (Chains.Fused running = NARROW.fused("hashmap", 1, 0).start(state)) {
            running.row(2, "k", 103_000, "last");
            assertEquals(List.of(), running.rows());
            running.row(1, "k", 101_500, "within").watermark(102_001);
            assertEquals(List.of("+I k 100000 one 101500 within k 103000 last"), running.rows());
            running.watermark(104_001);
            assertEquals(List.of("+I k 102000 two null null k 103000 last"), running.rows());
        }
    }

    @Test
    void aRowWhoseMatchIsBeyondTheNewBoundsGoesOnWithoutIt() throws Exception {
        final List<OperatorSubtaskState> state;
        try (Chains.Fused running = WIDE.fused("hashmap", 1, 0).start(null)) {
            running.row(0, "k", 100_000, "root").row(1, "k", 104_000, "beyond").row(2, "k", 103_000, "last");
            assertEquals(List.of("+I k 100000 root 104000 beyond k 103000 last"), running.rows());
            state = running.snapshot(1);
        }
        try (Chains.Fused running = NARROW.fused("hashmap", 1, 0).start(state)) {
            running.row(2, "k", 103_500, "later");
            assertEquals(List.of("+I k 100000 root null null k 103500 later"), running.rows());
            running.watermark(Long.MAX_VALUE);
            assertEquals(List.of(), running.rows());
        }
    }
}
