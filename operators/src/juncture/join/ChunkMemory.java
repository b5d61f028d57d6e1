package juncture.join;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;

import java.util.ArrayDeque;

/** Native memory for chunks and index tables, within a number of bytes that was reserved for it. */
final class ChunkMemory {
    final int chunkSize;
    private final long budget;
    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
    private long used;

    ChunkMemory(long budget, int chunkSize) {
        this.budget = budget;
        this.chunkSize = chunkSize;
    }

    /** Whether a chunk more would exceed the budget. */
    boolean exhausted() {
        return free.isEmpty() && used + chunkSize > budget;
    }

    MemorySegment allocateChunk() {
        final MemorySegment recycled = free.pollLast();
        if (recycled != null) {
            return recycled;
        }
        used += chunkSize;
        return MemorySegmentFactory.allocateOffHeapUnsafeMemory(chunkSize);
    }

    void releaseChunk(MemorySegment chunk) {
        // Over the budget because of a table: the chunk pays for it.
        if (used > budget) {
            give(chunk);
        } else {
            free.addLast(chunk);
        }
    }

    /** Zeroed memory for an index, which can't wait: chunks are evicted afterwards, if it took too much. */
    MemorySegment allocateTable(int bytes) {
        while (used + bytes > budget && !free.isEmpty()) {
            give(free.pollLast());
        }
        used += bytes;
        final MemorySegment table = MemorySegmentFactory.allocateOffHeapUnsafeMemory(bytes);
        for (int at = 0; at < bytes; at += Long.BYTES) {
            table.putLong(at, 0L);
        }
        return table;
    }

    void releaseTable(MemorySegment table) {
        give(table);
    }

    long used() {
        return used - (long) free.size() * chunkSize;
    }

    void close() {
        free.forEach(MemorySegment::free);
        free.clear();
    }

    private void give(MemorySegment segment) {
        used -= segment.size();
        segment.free();
    }
}
