package juncture.join;

import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * What has to be known to read the chunks: their format, the width of the buckets, the columns of each side, and which
 * joins a chain has.
 *
 * <p>Kept as names and texts in operator state, so that a version that can't read the rows can still tell why.
 */
final class StateHeader {
    private static final String FORMAT = "format";
    private static final String WIDTH = "bucket.width";
    private static final String WATERMARK = "watermark";
    private static final String CHAIN = "chain";
    private static final String BETWEEN = ", ";
    private static final String INNER = "inner";
    private static final String RULED_OUT = "ruled-out.";

    /** Chunks as of ChunkState.FORMAT, but of several joins: no operator that knows one join may take it for its own. */
    private static final int CHAIN_FORMAT = 3;

    /** Buckets that a side's rows are in, about: fewer are quicker to probe, more are dropped sooner. */
    private static final int BUCKETS = 10;

    private static final long NARROWEST_BUCKET = 1000;

    /** How many times as wide as others buckets may be that take their place. */
    private static final int ALIKE = 4;

    final long width;
    private final String[] names;
    private final Columns[] sides;

    /** The joins of a chain; null where one join is all. */
    private final String chain;

    private StateHeader(long width, String[] names, Columns[] sides, String chain) {
        this.width = width;
        this.names = names;
        this.sides = sides;
        this.chain = chain;
    }

    static StateHeader of(JoinDescription join) {
        return new StateHeader(
                width(join.left.retention + join.right.retention),
                new String[] {"left", "right"},
                new Columns[] {Columns.of(join.left), Columns.of(join.right)},
                null);
    }

    static StateHeader of(ChainDescription description) {
        final List<JoinDescription.SideDescription> inputs = description.inputs();
        final String[] names = new String[inputs.size()];
        final Columns[] sides = new Columns[inputs.size()];
        for (int side = 0; side < sides.length; side++) {
            names[side] = "input" + (side + 1);
            sides[side] = Columns.of(inputs.get(side));
        }
        final List<String> joins = new ArrayList<>();
        long span = 0;
        for (JoinDescription join : description.joins) {
            joins.add(
                    String.format(
                            Locale.ROOT,
                            "%s from %d to %d ms",
                            join.left.outer ? "left" : INNER,
                            -join.right.retention,
                            join.left.retention));
            span = Math.max(span, join.left.retention + join.right.retention);
        }
        return new StateHeader(width(span), names, sides, String.join(BETWEEN, joins));
    }

    private static long width(long span) {
        return Math.max(NARROWEST_BUCKET, span / BUCKETS);
    }

    /**
     * What a snapshot has, whose joins must be as many; kinds and bounds may be others.
     *
     * @throws SuppressRestartsException if it was written in another format, or for other joins.
     */
    StateHeader readAs(BroadcastState<String, String> state) throws Exception {
        final String stored = state.get(CHAIN);
        final int format = Integer.parseInt(state.get(FORMAT));
        final int newest = stored == null ? ChunkState.FORMAT : CHAIN_FORMAT;
        if (format < ChunkState.OLDEST_FORMAT || format > newest) {
            throw refusal(
                    String.format(
                            Locale.ROOT,
                            "The state of this join has format %d, and this version of Juncture's operator reads"
                                    + " formats %d to %d. Nothing was read. Restore with the version that wrote it.",
                            format,
                            ChunkState.OLDEST_FORMAT,
                            newest));
        }
        if (count(stored) != count(chain)) {
            throw refusal(
                    String.format(
                            Locale.ROOT,
                            "The state that this join was given is that of %s, and the job runs %s. Nothing was read, as"
                                    + " rows would be missing. Restore with the job as it was, or start without this"
                                    + " state.",
                            told(stored),
                            told(chain)));
        }
        final Columns[] columns = new Columns[sides.length];
        for (int side = 0; side < sides.length; side++) {
            columns[side] = Columns.read(state, names[side]);
        }
        return new StateHeader(Long.parseLong(state.get(WIDTH)), names, columns, stored);
    }

    private static int count(String chain) {
        return chain == null ? 1 : chain.split(BETWEEN).length;
    }

    /** Whether these are the joins of another header, with the same kinds and bounds. */
    boolean hasJoinsOf(StateHeader other) {
        return Objects.equals(chain, other.chain);
    }

    private static String told(String chain) {
        return chain == null ? "one join by itself" : "a chain of joins as one operator (" + chain + ")";
    }

    /**
     * How stored rows of a side become rows of the job.
     *
     * @throws SuppressRestartsException if they can't.
     */
    RowProjection projection(int side, StateHeader now, InternalTypeInfo<RowData> type) {
        return sides[side].projection(now.sides[side], type, names[side]);
    }

    /**
     * Up to which time each join of a chain had ruled out matches for rows of the first input: Long.MIN_VALUE for none,
     * and in older snapshots. Of one join nothing is told.
     */
    long[] ruledOut(BroadcastState<String, String> state) throws Exception {
        final long[] found = new long[chain == null ? 0 : count(chain)];
        for (int join = 0; join < found.length; join++) {
            final String written = state.get(RULED_OUT + join);
            found[join] = written == null ? Long.MIN_VALUE : Long.parseLong(written);
        }
        return found;
    }

    /**
     * Of these times, those of joins that were inner, and are not any more: a row that such a one has found nothing for
     * has no result. Long.MIN_VALUE for the others.
     *
     * @throws SuppressRestartsException if a snapshot does not tell them.
     */
    long[] ruledOutByInner(StateHeader now, BroadcastState<String, String> state) throws Exception {
        final long[] found = ruledOut(state);
        for (int join = 0; join < found.length; join++) {
            if (!isInner(join) || now.isInner(join)) {
                found[join] = Long.MIN_VALUE;
            } else if (state.get(RULED_OUT + join) == null) {
                throw refusal(
                        "An inner join of this chain is a left one now, and its state does not tell which rows it has"
                                + " ruled out matches for: an earlier version of Juncture's operator wrote it. Nothing was"
                                + " read. Restore with the job as it was, take a savepoint, and go on from that.");
            }
        }
        return found;
    }

    private boolean isInner(int join) {
        return chain.split(BETWEEN)[join].startsWith(INNER);
    }

    static void writeRuledOut(BroadcastState<String, String> state, int join, long time) throws Exception {
        state.put(RULED_OUT + join, Long.toString(time));
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
                Map.of(
                        FORMAT,
                        Integer.toString(chain == null ? ChunkState.FORMAT : CHAIN_FORMAT),
                        WIDTH,
                        Long.toString(width)));
        if (chain != null) {
            state.put(CHAIN, chain);
        }
        for (int side = 0; side < sides.length; side++) {
            sides[side].write(state, names[side]);
        }
    }

    /** Fails the job for good: with this state no restart can succeed. */
    static SuppressRestartsException refusal(String message) {
        return new SuppressRestartsException(new IllegalStateException(message));
    }

    /**
     * The header of a job that goes on with this state. The buckets stay, unless those of other bounds are far wider or
     * narrower: there would be too many, or rows would be kept for too long.
     */
    StateHeader continuedBy(StateHeader now) {
        final boolean alike = width / ALIKE <= now.width && now.width / ALIKE <= width;
        return new StateHeader(alike ? width : now.width, names, now.sides, now.chain);
    }
}
