package juncture.join;

import org.apache.flink.api.common.eventtime.IndexedCombinedWatermarkStatus;

import java.util.Arrays;

/** Event time of each join of a chain, as it would be if each were an operator, and what it has ruled out. */
final class ChainTime {
    private final JoinDescription[] joins;
    private final IndexedCombinedWatermarkStatus[] inputs;
    private final long[] watermarks;
    private final long[] expired;

    ChainTime(JoinDescription[] joins) {
        this.joins = joins;
        inputs = new IndexedCombinedWatermarkStatus[joins.length];
        watermarks = new long[joins.length];
        expired = new long[joins.length + 1];
        for (int join = 0; join < joins.length; join++) {
            inputs[join] = IndexedCombinedWatermarkStatus.forInputsCount(2);
            watermarks[join] = Long.MIN_VALUE;
        }
        expire();
    }

    /** The time when all joins have this watermark. */
    static ChainTime at(JoinDescription[] joins, long watermark) {
        final ChainTime time = new ChainTime(joins);
        Arrays.fill(time.watermarks, watermark);
        time.expire();
        return time;
    }

    /** Takes the watermark of one of a join's two inputs; whether the join's moves. */
    boolean update(int join, int input, long watermark) {
        return inputs[join].updateWatermark(input, watermark) && move(join);
    }

    /** Takes whether one of a join's two inputs is idle; whether the join's watermark moves. */
    boolean updateIdle(int join, int input, boolean idle) {
        return inputs[join].updateStatus(input, idle) && move(join);
    }

    boolean isIdle(int join) {
        return inputs[join].isIdle();
    }

    private boolean move(int join) {
        watermarks[join] = inputs[join].getCombinedWatermark();
        return true;
    }

    long watermark(int join) {
        return watermarks[join];
    }

    /** The watermark behind a join, for the next one; as Flink has it, Long.MAX_VALUE is delayed, too. */
    long delayed(int join) {
        final long watermark = watermarks[join];
        return watermark == Long.MIN_VALUE ? watermark : watermark - joins[join].watermarkDelay();
    }

    /** Up to which time rows of the first input can't match any more in a join. */
    long expired(int join) {
        return joins[join].left.expiration(now(join));
    }

    /**
     * Up to which time rows of the first input have come to each join, and can't match any more there. Long.MIN_VALUE
     * where a join has had no watermark.
     */
    long[] ruledOut() {
        final long[] found = new long[joins.length];
        long before = Long.MAX_VALUE;
        for (int join = 0; join < joins.length; join++) {
            before = watermarks[join] == Long.MIN_VALUE ? Long.MIN_VALUE : Math.min(before, expired(join));
            found[join] = before;
        }
        return found;
    }

    /** Up to which time the rows of each input were needed by no join, by the watermarks of the last `expire`. */
    long[] expired() {
        return expired;
    }

    /** Lets rows go that are needed by no join: once what they are still part of has been put out. */
    void expire() {
        expired[0] = Long.MAX_VALUE;
        for (int join = 0; join < joins.length; join++) {
            expired[0] = Math.min(expired[0], expired(join));
        }
        for (int join = 0; join < joins.length; join++) {
            // Later joins need it beside the last row of the first input that it can match.
            final long partner = joins[join].right.retention;
            long needed = joins[join].right.expiration(now(join));
            for (int later = join + 1; later < joins.length; later++) {
                final long first = expired(later);
                needed = Math.min(needed, first == Long.MAX_VALUE ? first : first - partner);
            }
            expired[join + 1] = needed;
        }
    }

    /** Before the first watermark Flink's interval join takes it to be 1970. */
    private long now(int join) {
        return Math.max(0, watermarks[join]);
    }
}
