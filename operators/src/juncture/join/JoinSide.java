package juncture.join;

import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;

import java.util.Arrays;

/** The rows of one input that may still find a match, in buckets of event time. */
final class JoinSide {
    final JoinDescription.SideDescription description;
    final KeySelector<RowData, RowData> keySelector;
    private final int side;
    private final long width;
    private final KeyGroupRange range;
    private final ChunkMemory memory;
    private final ChunkState state;

    /** Ordered by id; few, so that they are looked through. */
    private TimeBucket[] buckets = new TimeBucket[16];
    private int count;

    /** The row that was read last. */
    final BinaryRowData row;

    JoinSide(
            int side,
            JoinDescription.SideDescription description,
            KeySelector<RowData, RowData> keySelector,
            long width,
            KeyGroupRange range,
            ChunkMemory memory,
            ChunkState state) {
        this.side = side;
        this.description = description;
        this.keySelector = keySelector;
        this.width = width;
        this.range = range;
        this.memory = memory;
        this.state = state;
        row = new BinaryRowData(description.type.toRowSize());
    }

    void add(int keyGroup, RowData key, int hash, BinaryRowData added, boolean matched) throws Exception {
        final long time = timeOf(added);
        state.introduce(keyGroup, key);
        bucketToFill(Math.floorDiv(time, width)).add(keyGroup, hash, time, added, matched);
    }

    void restore(int keyGroup, long number, byte[] bytes) throws Exception {
        bucketToFill(ChunkState.bucketOf(number)).restore(keyGroup, ChunkState.chunkOf(number), bytes);
    }

    /** What a stored row with the right key and time is given to. */
    interface Match {
        /** Whether the two rows joined. */
        boolean test(BinaryRowData stored) throws Exception;
    }

    /** Gives `match` every row with this key and a time from `from` to `to`; returns whether one joined. */
    boolean probe(int keyGroup, RowData key, int hash, long from, long to, Match match) throws Exception {
        boolean joined = false;
        final long firstId = Math.floorDiv(from, width);
        final long lastId = Math.floorDiv(to, width);
        for (int at = count - 1; at >= 0 && buckets[at].id >= firstId; at--) {
            final TimeBucket bucket = buckets[at];
            if (bucket.id > lastId) {
                continue;
            }
            int address = bucket.index.last(hash);
            while (address != HashIndex.NONE) {
                final RowLog log = bucket.log(keyGroup);
                final MemorySegment chunk = log.chunk(address);
                RowLog.pointTo(row, chunk, address);
                final long time = timeOf(row);
                if (time >= from && time <= to && key.equals(keySelector.getKey(row)) && match.test(row)) {
                    joined = true;
                    log.markMatched(RowLog.ordinal(chunk, address));
                }
                address = RowLog.previous(chunk, address);
            }
        }
        return joined;
    }

    /** Gives rows that can't find a match any more to the visitor, if this side is outer, and drops full buckets. */
    void expire(long watermark, TimeBucket.UnmatchedVisitor visitor) throws Exception {
        final long expired = expiration(watermark);
        for (int at = 0; description.outer && at < count && buckets[at].id * width <= expired; at++) {
            buckets[at].expireUnmatched(expired, visitor);
        }
        int dropped = 0;
        while (dropped < count && lastTime(buckets[dropped]) <= expired) {
            buckets[dropped].forEach(RowLog::drop);
            buckets[dropped++].index.release();
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
    int evict(int wanted) {
        int given = 0;
        for (int at = 0; at < count && given < wanted; at++) {
            given += buckets[at].evict(wanted - given);
        }
        return given;
    }

    RowLog newLog(int keyGroup, long bucket) {
        return new RowLog(keyGroup, ChunkState.number(bucket, side, 0), memory, state);
    }

    void releaseMemory() throws Exception {
        for (int at = 0; at < count; at++) {
            buckets[at].forEach(RowLog::releaseMemory);
            buckets[at].index.release();
        }
        count = 0;
    }

    long timeOf(RowData data) {
        return data.getLong(description.timeIndex);
    }

    /** Rows up to this time can't match anything that is not late. */
    long expiration(long watermark) {
        return watermark == Long.MAX_VALUE ? Long.MAX_VALUE : watermark - description.retention - 1;
    }

    private long lastTime(TimeBucket bucket) {
        return (bucket.id + 1) * width - 1;
    }

    private TimeBucket bucketToFill(long id) {
        int at = count;
        while (at > 0 && buckets[at - 1].id > id) {
            at--;
        }
        if (at > 0 && buckets[at - 1].id == id) {
            return buckets[at - 1];
        }
        if (count == buckets.length) {
            buckets = Arrays.copyOf(buckets, count * 2);
        }
        System.arraycopy(buckets, at, buckets, at + 1, count - at);
        final int expected = at > 0 ? buckets[at - 1].index.size() : 0;
        buckets[at] = new TimeBucket(id, this, range, new HashIndex(memory, expected));
        count++;
        return buckets[at];
    }
}
