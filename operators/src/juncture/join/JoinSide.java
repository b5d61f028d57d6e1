package juncture.join;

import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.stream.Collectors;

/** The rows of one input that may still find a match, in buckets of event time. */
final class JoinSide {
    final JoinDescription.SideDescription description;
    final KeySelector<RowData, RowData> keySelector;
    final RowFlags flags;
    private final int side;
    private final long width;
    private final KeyGroupRange range;
    final ChunkMemory memory;
    private final ChunkState state;

    /** Ordered by id. Few, unless rows are far ahead of the watermark: each of them may have one of its own. */
    private TimeBucket[] buckets = new TimeBucket[16];
    private int count;

    /** Rows that probes have looked at, of whatever key and time. */
    private long probed;

    /** The row that was read last. */
    final BinaryRowData row;

    JoinSide(
            int side,
            RowFlags flags,
            JoinDescription.SideDescription description,
            KeySelector<RowData, RowData> keySelector,
            long width,
            KeyGroupRange range,
            ChunkMemory memory,
            ChunkState state) {
        this.side = side;
        this.flags = flags;
        this.description = description;
        this.keySelector = keySelector;
        this.width = width;
        this.range = range;
        this.memory = memory;
        this.state = state;
        row = new BinaryRowData(description.type.toRowSize());
    }

    void add(int keyGroup, RowData key, int hash, BinaryRowData added, int flagBits) throws Exception {
        final long time = timeOf(added);
        state.introduce(keyGroup, key);
        bucketToFill(bucketOf(time)).add(keyGroup, hash, time, added, flagBits);
    }

    /**
     * Takes back the chunks of this side, out of the sorted numbers of all chunks of a key group. Rows that are over
     * were still in their bucket, and leave the state.
     *
     * @param storedWidth of the buckets that the numbers tell.
     * @throws SuppressRestartsException if the rows are not of the keys and times that this join takes them to be.
     */
    void restore(int keyGroup, List<Long> numbers, long storedWidth, Expiry expiry, RowProjection projection)
            throws Exception {
        final List<Long> own =
                numbers.stream().filter(number -> ChunkState.sideOf(number) == side).collect(Collectors.toList());
        final Queue<StoredBucket> taken = new ArrayDeque<>();
        for (int from = 0, to; from < own.size(); from = to) {
            final long bucket = ChunkState.bucketOf(own.get(from));
            for (to = from + 1; to < own.size() && ChunkState.bucketOf(own.get(to)) == bucket; ) {
                to++;
            }
            if (storedWidth == width && projection.isIdentity() && bucket > bucketOf(expiry.latest())) {
                restore(keyGroup, bucketToFill(bucket), own.subList(from, to));
                continue;
            }
            taken.add(new StoredBucket(keyGroup, bucket, own.subList(from, to)));
            // Of other buckets all are taken before one is rewritten: new chunks have the numbers of old ones.
            while (!taken.isEmpty() && (storedWidth == width || to == own.size())) {
                rewrite(keyGroup, taken.remove(), storedWidth, expiry, projection);
            }
        }
    }

    private void restore(int keyGroup, TimeBucket bucket, List<Long> numbers) throws Exception {
        final RowLog log = bucket.logToFill(keyGroup);
        for (long number : numbers) {
            final byte[] bytes = state.readRows(keyGroup, number);
            final MemorySegment stored = MemorySegmentFactory.wrap(bytes);
            RowLog.pointTo(row, stored, RowLog.FIRST);
            check(row, RowLog.hash(stored, RowLog.FIRST), bucket.id, width);
            log.restore(bytes, (address, hash, chunk) -> bucket.restored(address, hash));
        }
    }

    /** The rows of a key group in one bucket, taken out of the state. */
    private final class StoredBucket {
        private final long id;
        private final List<byte[]> chunks = new ArrayList<>();
        private final RowLog flags;

        private StoredBucket(int keyGroup, long id, List<Long> numbers) throws Exception {
            this.id = id;
            for (long number : numbers) {
                chunks.add(state.readRows(keyGroup, number));
                state.removeRows(keyGroup, number);
            }
            flags = newLog(keyGroup, id);
            flags.restoreFlags();
            flags.removeFlags();
        }
    }

    /** The rows that are not over become rows of the job, in chunks of their own. */
    private void rewrite(int keyGroup, StoredBucket stored, long storedWidth, Expiry expiry, RowProjection projection)
            throws Exception {
        for (byte[] bytes : stored.chunks) {
            RowLog.forEach(
                    bytes,
                    (address, hash, chunk) -> {
                        final BinaryRowData projected = projection.of(chunk, address);
                        check(projected, hash, stored.id, storedWidth);
                        final long time = timeOf(projected);
                        final int flagBits = stored.flags.flagBits(RowLog.ordinal(chunk, address));
                        if (!expiry.isOver(time, flagBits)) {
                            memory.makeRoom();
                            bucketToFill(bucketOf(time)).add(keyGroup, hash, time, projected, flagBits);
                        }
                    });
        }
    }

    private void check(BinaryRowData restored, int hash, long bucket, long storedWidth) throws Exception {
        if (keySelector.getKey(restored).hashCode() != hash || bucketOf(timeOf(restored), storedWidth) != bucket) {
            throw StateHeader.refusal(
                    "The rows in this join's state are of other keys or other times than those by which the job joins"
                            + " now. Start without this state, or join as before.");
        }
    }

    /** What a stored row with the right key and time is given to; it is valid until the end of the call. */
    interface Visitor {
        /** Whether more rows are asked for. */
        boolean visit(BinaryRowData stored, RowLog log, int ordinal) throws Exception;
    }

    /**
     * Gives the visitor every row with this key and a time from `from` to `to`, until it asks for no more. It must not
     * add rows.
     */
    void probe(int keyGroup, RowData key, int hash, long from, long to, Visitor visitor) throws Exception {
        final long firstId = bucketOf(from);
        for (int at = positionAfter(bucketOf(to)) - 1; at >= 0 && buckets[at].id >= firstId; at--) {
            final TimeBucket bucket = buckets[at];
            RowLog log = null;
            MemorySegment chunk = null;
            int number = -1;
            int address = bucket.last(hash);
            while (address != HashIndex.NONE) {
                if (RowLog.chunkOf(address) != number) {
                    number = RowLog.chunkOf(address);
                    log = bucket.log(keyGroup);
                    chunk = log.chunk(number);
                }
                RowLog.pointTo(row, chunk, address);
                probed++;
                final long time = timeOf(row);
                if (time >= from
                        && time <= to
                        && key.equals(keySelector.getKey(row))
                        && !visitor.visit(row, log, RowLog.ordinal(chunk, address))) {
                    return;
                }
                address = RowLog.previous(chunk, address);
            }
        }
    }

    /** Gives every row to the visitor, which must not add rows. */
    void forEach(TimeBucket.RowVisitor visitor) throws Exception {
        for (int at = 0; at < count; at++) {
            buckets[at].forEach(
                    log ->
                            log.forEach(
                                    (address, hash, chunk) -> {
                                        RowLog.pointTo(row, chunk, address);
                                        visitor.visit(timeOf(row), row, hash, log, RowLog.ordinal(chunk, address));
                                    }));
        }
    }

    long probed() {
        return probed;
    }

    /** Gives rows up to a time that a join has found no match for to the visitor, once. */
    void settle(int join, long expired, TimeBucket.RowVisitor visitor) throws Exception {
        for (int at = 0; at < count && buckets[at].id <= bucketOf(expired); at++) {
            buckets[at].settle(join, expired, visitor);
        }
    }

    /** Drops the buckets all of whose rows are up to a time. */
    void drop(long expired) throws Exception {
        int dropped = 0;
        while (dropped < count && lastTime(buckets[dropped]) <= expired) {
            buckets[dropped++].drop();
        }
        if (dropped > 0) {
            System.arraycopy(buckets, dropped, buckets, 0, count - dropped);
            Arrays.fill(buckets, count - dropped, count, null);
            count -= dropped;
        }
    }

    /** Writes to the state what it does not have yet. */
    void flush() throws Exception {
        for (int at = 0; at < count; at++) {
            buckets[at].forEach(RowLog::flush);
        }
    }

    /** Makes the chunks that are being filled evictable. */
    void seal() throws Exception {
        for (int at = 0; at < count; at++) {
            buckets[at].forEach(RowLog::seal);
        }
    }

    /** Gives back the memory of about `wanted` full chunks, the oldest first; returns of how many. */
    int evict(int wanted) throws Exception {
        int given = 0;
        for (int at = 0; at < count && given < wanted; at++) {
            given += buckets[at].evict(wanted - given);
        }
        return given;
    }

    RowLog newLog(int keyGroup, long bucket) {
        return new RowLog(
                keyGroup,
                ChunkState.number(bucket, side, 0),
                flags.numbers(bucket, side),
                memory,
                state);
    }

    void releaseMemory() throws Exception {
        for (int at = 0; at < count; at++) {
            buckets[at].releaseMemory();
        }
        Arrays.fill(buckets, 0, count, null);
        count = 0;
    }

    /** Whether a row has a time: else no bounds hold of it. */
    boolean hasTime(RowData data) {
        return !data.isNullAt(description.timeIndex);
    }

    long timeOf(RowData data) {
        return data.getLong(description.timeIndex);
    }

    private long lastTime(TimeBucket bucket) {
        return bucket.id == ChunkState.LARGEST_BUCKET ? Long.MAX_VALUE : (bucket.id + 1) * width - 1;
    }

    private long bucketOf(long time) {
        return bucketOf(time, width);
    }

    /** The first and the last bucket have the times beyond, too. */
    private static long bucketOf(long time, long width) {
        final long id = Math.floorDiv(time, width);
        return Math.max(-ChunkState.LARGEST_BUCKET, Math.min(ChunkState.LARGEST_BUCKET, id));
    }

    /** Of the first bucket after this one. */
    private int positionAfter(long id) {
        int from = 0;
        int to = count;
        while (from < to) {
            final int middle = (from + to) >>> 1;
            if (buckets[middle].id <= id) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }

    private TimeBucket bucketToFill(long id) throws Exception {
        final int at = positionAfter(id);
        if (at > 0 && buckets[at - 1].id == id) {
            return buckets[at - 1];
        }
        final int expected = at > 0 ? buckets[at - 1].size() : 0;
        // Makes room for its index among the buckets that are there, and may fail.
        final TimeBucket added = new TimeBucket(id, this, range, new HashIndex(memory, expected));
        if (count == buckets.length) {
            buckets = Arrays.copyOf(buckets, count * 2);
        }
        System.arraycopy(buckets, at, buckets, at + 1, count - at);
        buckets[at] = added;
        count++;
        return added;
    }
}
