package juncture.join;

import org.apache.flink.api.common.state.KeyedStateStore;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.api.common.typeutils.base.array.LongPrimitiveArraySerializer;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The join's rows in Flink's keyed state: bytes under a number that says bucket, side and chunk.
 *
 * <p>All rows of a chunk are of one key group. They are written under that key group's first key, whichever it was:
 * so Flink moves them when the job is rescaled, and all else that a state backend can do holds for them.
 *
 * <p>A number has 40 bits for the bucket, 5 for the side and 19 for the chunk; in the number of match flags, the side
 * that matched takes the place of the chunk. So up to 32 inputs on one key can have their rows in one state.
 */
final class ChunkState {
    static final int FORMAT = 2;
    /** It has all chunks in one map, and compressed; the format now also has chunks as they are, and stripes. */
    static final int OLDEST_FORMAT = 1;
    static final int CHUNK_BITS = 19;
    static final int LARGEST_CHUNK = (1 << CHUNK_BITS) - 2;
    static final long LARGEST_BUCKET = (1L << 39) - 1;

    private static final String MATCHES_STATE = "event-join-matches";

    /** They compress in their own threads, with better codecs than Java has. */
    private static final Set<String> COMPRESSING_BACKENDS = Set.of("rocksdb", "forst");

    /**
     * Chunks of neighbouring buckets share a map, and RocksDB keeps each map in files of its own: these expire
     * together, so that what is still needed isn't written again to be rid of what is not. All stripes together are
     * longer than the time that rows are kept: one is empty before its turn comes again.
     */
    static final int STRIPES = 8;

    private static final long BUCKETS_A_STRIPE = 2;

    private static final int SIDE_BITS = 5;
    private static final int BUCKET_SHIFT = CHUNK_BITS + SIDE_BITS;

    private final KeyedStateBackend<RowData> backend;
    private final int keyGroups;
    private final KeyGroupRange range;
    private final RowData[] keys;

    /**
     * Which keys stand for their key groups; the value is the last time, by side, whose rows had expired there. It has
     * the name of a state of the operator of Flink's in whose place this one is: should that ever be given our state,
     * Flink finds a value of another kind, and refuses, instead of beginning with no rows.
     */
    private final String keysState;

    private final ChunkCodec codec;
    private final ValueState<long[]> expired;
    private final List<MapState<Long, byte[]>> rows;
    private final MapState<Long, byte[]> matches;
    private long chunksRead;

    ChunkState(
            KeyedStateStore store,
            KeyedStateBackend<RowData> backend,
            KeyGroupRange range,
            int keyGroups,
            String keysState) {
        this.backend = backend;
        this.range = range;
        this.keyGroups = keyGroups;
        this.keysState = keysState;
        codec = new ChunkCodec(!COMPRESSING_BACKENDS.contains(backend.getBackendTypeIdentifier()));
        keys = new RowData[range.getNumberOfKeyGroups()];
        expired = store.getState(new ValueStateDescriptor<>(keysState, LongPrimitiveArraySerializer.INSTANCE));
        rows = new ArrayList<>();
        for (int stripe = 0; stripe < STRIPES; stripe++) {
            rows.add(map(store, rowsState(stripe)));
        }
        matches = map(store, MATCHES_STATE);
    }

    /** The name of a stripe's map; the first has that of the one map of format 1. */
    static String rowsState(int stripe) {
        return stripe == 0 ? "event-join-rows" : "event-join-rows-" + stripe;
    }

    private static MapState<Long, byte[]> map(KeyedStateStore store, String name) {
        return store.getMapState(
                new MapStateDescriptor<>(name, LongSerializer.INSTANCE, BytePrimitiveArraySerializer.INSTANCE));
    }

    /** Makes this key stand for its key group, if none does yet. */
    void introduce(int keyGroup, RowData key) {
        final int position = keyGroup - range.getStartKeyGroup();
        if (keys[position] == null) {
            keys[position] = ((BinaryRowData) key).copy();
        }
    }

    /** Writes for each key group that has had rows up to which time those of each side have expired. */
    void writeExpired(long... bySide) throws Exception {
        // A backend on the heap keeps the array, and reads it when a snapshot is written: while the caller's has moved on.
        final long[] kept = bySide.clone();
        for (int keyGroup : range) {
            if (keys[keyGroup - range.getStartKeyGroup()] != null) {
                focus(keyGroup);
                expired.update(kept);
            }
        }
    }

    void writeRows(int keyGroup, long number, MemorySegment chunk, int length) throws Exception {
        focus(keyGroup);
        rowsOf(number).put(number, codec.encode(chunk, length));
    }

    byte[] readRows(int keyGroup, long number) throws Exception {
        chunksRead++;
        focus(keyGroup);
        final byte[] bytes = rowsOf(number).get(number);
        if (bytes == null) {
            throw new IllegalStateException(
                    "Chunk " + chunkOf(number) + " of key group " + keyGroup + " is not in the state.");
        }
        return codec.decode(bytes);
    }

    /** How many chunks were read so far. */
    long chunksRead() {
        return chunksRead;
    }

    void removeRows(int keyGroup, long number) throws Exception {
        focus(keyGroup);
        rowsOf(number).remove(number);
    }

    void writeMatches(int keyGroup, long number, byte[] bytes) throws Exception {
        focus(keyGroup);
        matches.put(number, bytes);
    }

    byte[] readMatches(int keyGroup, long number) throws Exception {
        focus(keyGroup);
        return matches.get(number);
    }

    void removeMatches(int keyGroup, long number) throws Exception {
        focus(keyGroup);
        matches.remove(number);
    }

    /** What the chunks of one key group are given to: their numbers, sorted, and what `writeExpired` wrote. */
    interface Visitor {
        void visit(int keyGroup, List<Long> numbers, long[] expired) throws Exception;
    }

    /** Gives the visitor the numbers of all stored chunks, key group by key group. */
    void restore(Visitor visitor) throws Exception {
        final List<RowData> found;
        try (Stream<RowData> stream = backend.getKeys(keysState, VoidNamespace.INSTANCE)) {
            found = stream.map(key -> ((BinaryRowData) key).copy()).collect(Collectors.toCollection(ArrayList::new));
        }
        for (RowData key : found) {
            final int keyGroup = KeyGroupRangeAssignment.assignToKeyGroup(key, keyGroups);
            keys[keyGroup - range.getStartKeyGroup()] = key;
            focus(keyGroup);
            moveToStripes();
            final List<Long> numbers = new ArrayList<>();
            for (MapState<Long, byte[]> stripe : rows) {
                stripe.keys().forEach(numbers::add);
            }
            numbers.sort(null);
            visitor.visit(keyGroup, numbers, expired.value());
        }
    }

    /** Format 1 has all chunks in the map that is now the first stripe's. */
    private void moveToStripes() throws Exception {
        final MapState<Long, byte[]> first = rows.get(0);
        final List<Long> numbers = new ArrayList<>();
        first.keys().forEach(numbers::add);
        for (long number : numbers) {
            if (rowsOf(number) != first) {
                rowsOf(number).put(number, first.get(number));
                first.remove(number);
            }
        }
    }

    private MapState<Long, byte[]> rowsOf(long number) {
        return rows.get((int) Math.floorMod(Math.floorDiv(bucketOf(number), BUCKETS_A_STRIPE), (long) STRIPES));
    }

    private void focus(int keyGroup) {
        backend.setCurrentKeyAndKeyGroup(keys[keyGroup - range.getStartKeyGroup()], keyGroup);
    }

    /** A chunk's number: sorted by bucket, then side, then age. */
    static long number(long bucket, int side, int chunk) {
        return (bucket << BUCKET_SHIFT) | ((long) side << CHUNK_BITS) | chunk;
    }

    static long bucketOf(long number) {
        return number >> BUCKET_SHIFT;
    }

    static int sideOf(long number) {
        return (int) (number >> CHUNK_BITS) & ((1 << SIDE_BITS) - 1);
    }

    static int chunkOf(long number) {
        return (int) number & ((1 << CHUNK_BITS) - 1);
    }
}
