package juncture.join;

import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.runtime.execution.SuppressRestartsException;

import java.util.Locale;
import java.util.Map;

/**
 * What has to be known to read the chunks: their format, the width of the buckets, and the columns of each side.
 *
 * <p>Kept as names and texts in operator state, so that a version that can't read the rows can still tell why.
 */
final class StateHeader {
    private static final String FORMAT = "format";
    private static final String WIDTH = "bucket.width";
    private static final String WATERMARK = "watermark";

    final long width;
    final Columns left;
    final Columns right;

    private StateHeader(long width, Columns left, Columns right) {
        this.width = width;
        this.left = left;
        this.right = right;
    }

    static StateHeader of(JoinDescription description, long width) {
        return new StateHeader(width, Columns.of(description.left), Columns.of(description.right));
    }

    /**
     * What a snapshot has.
     *
     * @throws SuppressRestartsException if it was written in another format.
     */
    static StateHeader read(BroadcastState<String, String> state) throws Exception {
        final int format = Integer.parseInt(state.get(FORMAT));
        if (format < ChunkState.OLDEST_FORMAT || format > ChunkState.FORMAT) {
            throw refusal(
                    String.format(
                            Locale.ROOT,
                            "The state of this join has format %d, and this version of Juncture's operator reads"
                                    + " formats %d to %d. Nothing was read. Restore with the version that wrote it.",
                            format,
                            ChunkState.OLDEST_FORMAT,
                            ChunkState.FORMAT));
        }
        return new StateHeader(
                Long.parseLong(state.get(WIDTH)), Columns.read(state, "left"), Columns.read(state, "right"));
    }

    /** How far the watermark of a join has ever been; Long.MIN_VALUE before the first, and in older snapshots. */
    static long watermark(BroadcastState<String, String> state) throws Exception {
        final String written = state.get(WATERMARK);
        return written == null ? Long.MIN_VALUE : Long.parseLong(written);
    }

    /** Keeps how far the watermark has been: a hand-over has to know what had been put out. */
    static void writeWatermark(BroadcastState<String, String> state, long watermark) throws Exception {
        state.put(WATERMARK, Long.toString(watermark));
    }

    /** Writes all but the watermark, which is that of a snapshot. */
    void write(BroadcastState<String, String> state) throws Exception {
        state.clear();
        state.putAll(
                Map.of(FORMAT, Integer.toString(ChunkState.FORMAT), WIDTH, Long.toString(width)));
        left.write(state, "left");
        right.write(state, "right");
    }

    /** Fails the job for good: with this state no restart can succeed. */
    static SuppressRestartsException refusal(String message) {
        return new SuppressRestartsException(new IllegalStateException(message));
    }

    /** The header of a job that goes on with this state. The buckets stay: a changed bound costs speed at most. */
    StateHeader continuedBy(StateHeader now) {
        return new StateHeader(width, now.left, now.right);
    }
}
