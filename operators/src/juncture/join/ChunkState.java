package juncture.join;

import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.api.common.state.KeyedStateStore;
import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The join's rows in Flink's keyed state: bytes under a number that says bucket, side and chunk.
 *
 * <p>All rows of a chunk are of one key group. They are written under that key group's first key, whichever it was:
 * so Flink moves them when the job is rescaled, and all else that a state backend can do holds for them.
 */
final class ChunkState {
    static final int FORMAT = 1;
    static final int LARGEST_CHUNK_NUMBER = (1 << 19) - 1;

    private static final String FORMAT_STATE = "event-join-format";
    static final String ROWS_STATE = "event-join-rows";
    private static final String MATCHES_STATE = "event-join-matches";

    private final KeyedStateBackend<RowData> backend;
    private final int keyGroups;
    private final KeyGroupRange range;
    private final RowData[] keys;
    private final ValueState<Integer> format;
    private final MapState<Long, byte[]> rows;
    private final MapState<Long, byte[]> matches;

    ChunkState(KeyedStateStore store, KeyedStateBackend<RowData> backend, KeyGroupRange range, int keyGroups) {
        this.backend = backend;
        this.range = range;
        this.keyGroups = keyGroups;
        keys = new RowData[range.getNumberOfKeyGroups()];
        format = store.getState(new ValueStateDescriptor<>(FORMAT_STATE, IntSerializer.INSTANCE));
        rows =
                store.getMapState(
                        new MapStateDescriptor<>(
                                ROWS_STATE, LongSerializer.INSTANCE, BytePrimitiveArraySerializer.INSTANCE));
        matches =
                store.getMapState(
                        new MapStateDescriptor<>(
                                MATCHES_STATE, LongSerializer.INSTANCE, BytePrimitiveArraySerializer.INSTANCE));
    }

    /** Makes this key stand for its key group, if none does yet. */
    void introduce(int keyGroup, RowData key) throws Exception {
        final int position = keyGroup - range.getStartKeyGroup();
        if (keys[position] == null) {
            keys[position] = ((BinaryRowData) key).copy();
            focus(keyGroup);
            format.update(FORMAT);
        }
    }

    void writeRows(int keyGroup, long number, byte[] bytes) throws Exception {
        focus(keyGroup);
        rows.put(number, bytes);
    }

    byte[] readRows(int keyGroup, long number) throws Exception {
        focus(keyGroup);
        return rows.get(number);
    }

    void removeRows(int keyGroup, long number) throws Exception {
        focus(keyGroup);
        rows.remove(number);
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

    /** What one stored chunk is given to. */
    interface Visitor {
        void visit(int keyGroup, long number, byte[] bytes) throws Exception;
    }

    /**
     * Gives every stored chunk to the visitor.
     *
     * @throws IllegalStateException if the state was written in a format that this version does not read.
     */
    void restore(Visitor visitor) throws Exception {
        final List<RowData> found;
        try (Stream<RowData> stream = backend.getKeys(FORMAT_STATE, VoidNamespace.INSTANCE)) {
            found = stream.map(key -> ((BinaryRowData) key).copy()).collect(Collectors.toCollection(ArrayList::new));
        }
        for (RowData key : found) {
            backend.setCurrentKey(key);
            final int keyGroup = KeyGroupRangeAssignment.assignToKeyGroup(key, keyGroups);
            final int version = format.value();
            if (version != FORMAT) {
                throw new IllegalStateException(
                        "The state of this join was written in format "
                                + version
                                + ", and this version of Juncture's operator reads format "
                                + FORMAT
                                + " only. Restore with the version that wrote it.");
            }
            keys[keyGroup - range.getStartKeyGroup()] = key;
            for (Map.Entry<Long, byte[]> entry : rows.entries()) {
                visitor.visit(keyGroup, entry.getKey(), entry.getValue());
            }
        }
    }

    private void focus(int keyGroup) {
        backend.setCurrentKeyAndKeyGroup(keys[keyGroup - range.getStartKeyGroup()], keyGroup);
    }

    /** A chunk's number: sorted by bucket, then side, then age. */
    static long number(long bucket, int side, int chunk) {
        return (bucket << 20) | ((long) side << 19) | chunk;
    }

    static long bucketOf(long number) {
        return number >> 20;
    }

    static int sideOf(long number) {
        return (int) (number >> 19) & 1;
    }

    static int chunkOf(long number) {
        return (int) number & LARGEST_CHUNK_NUMBER;
    }

    /** The bytes of a chunk in memory. */
    static byte[] copy(MemorySegment chunk, int length) {
        final byte[] bytes = new byte[length];
        chunk.get(0, bytes);
        return bytes;
    }
}
