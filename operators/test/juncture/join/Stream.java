package juncture.join;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Rows of both sides with watermarks in between, and the end of event time; the same for the same seed. */
final class Stream {
    private Stream() {}

    /** One thing that happens to an operator. */
    interface Step {
        void apply(Joins.Running running) throws Exception;
    }

    /** No row is late, and those of one key come in the order of their times; one key is null. */
    static List<Step> inOrderWithinKeys(long seed, int count, int keys) {
        return steps(new Random(seed), count, keys, 3000, (random, key) -> 70L * key);
    }

    /** Rows come up to three seconds too late; the watermark is `behind` milliseconds behind the time. */
    static List<Step> disordered(long seed, int count, int keys, long behind) {
        return steps(new Random(seed), count, keys, behind, (random, key) -> random.nextInt(3000));
    }

    static void applyAll(List<Step> steps, Joins.Running running) throws Exception {
        for (Step step : steps) {
            step.apply(running);
        }
    }

    private interface Delay {
        long of(Random random, int key);
    }

    private static List<Step> steps(Random random, int count, int keys, long behind, Delay delay) {
        final List<Step> steps = new ArrayList<>();
        long now = 1_000_000;
        for (int number = 0; number < count; number++) {
            now += random.nextInt(400);
            if (random.nextInt(10) == 0) {
                final long watermark = now - behind;
                steps.add(running -> running.watermark(watermark));
                continue;
            }
            final int drawn = random.nextInt(keys + 1);
            final String key = drawn == keys ? null : "key" + drawn;
            final long time = now - delay.of(random, drawn);
            final String text = "row" + number + (random.nextInt(4) == 0 ? "x" : "");
            steps.add(
                    random.nextBoolean()
                            ? running -> running.left(key, time, text)
                            : running -> running.right(key, time, text));
        }
        steps.add(running -> running.watermark(Long.MAX_VALUE));
        return steps;
    }
}
