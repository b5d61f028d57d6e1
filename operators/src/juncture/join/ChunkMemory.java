package juncture.join;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;

import java.util.ArrayDeque;

/** Native memory for chunks and tables, within a number of bytes that was reserved for it. */
final class ChunkMemory {
    /** Chunks that are evicted together. */
    private static final int EVICTED = 64;

    /** Whose chunks they are. */
    interface Owner {
        /** Gives back the memory of about so many full chunks, if there are; returns of how many. */
        int evict(int chunks) throws Exception;

        /** Makes all chunks full ones. */
        void seal() throws Exception;
    }

    final int chunkSize;
    final long budget;
    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
    private final Owner owner;
    private long used;

    ChunkMemory(long budget, int chunkSize, Owner owner) {
        this.budget = budget;
        this.chunkSize = chunkSize;
        this.owner = owner;
    }

    /** Whether a chunk more would exceed the budget. */
    boolean exhausted() {
        return free.isEmpty() && used + chunkSize > budget;
    }

    /** Takes memory from the oldest chunks until there is some for one more. Not while a chunk is being read. */
    void makeRoom() throws Exception {
        while (exhausted()) {
            if (owner.evict(EVICTED) == 0) {
                owner.seal();
                if (owner.evict(EVICTED) == 0) {
                    throw new IllegalStateException(
                            "The indexes of this join alone need more than the "
                                    + (budget >> 20)
                                    + " MiB of memory that it has. Raise taskmanager.memory.managed.size, or OPERATOR's"
                                    + " share in taskmanager.memory.managed.consumer-weights.");
                }
            }
        }
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

    /**
     * Zeroed memory for an index, which can't wait: full chunks make room for it. If there are too few of them it is
     * over the budget until there is room made. Not while a chunk is being read.
     */
    MemorySegment allocateTable(int bytes) throws Exception {
        while (used + bytes > budget) {
            if (free.isEmpty() && owner.evict(chunksFor(used + bytes - budget)) == 0) {
                break;
            }
            while (used + bytes > budget && !free.isEmpty()) {
                give(free.pollLast());
            }
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

    /** Bytes in use, without those that are kept for the next chunks. */
    long used() {
        return used - (long) free.size() * chunkSize;
    }

    /** Bytes that are allocated. */
    long allocated() {
        return used;
    }

    void close() {
        free.forEach(this::give);
        free.clear();
    }

    private int chunksFor(long bytes) {
        return (int) ((bytes + chunkSize - 1) / chunkSize);
    }

    private void give(MemorySegment segment) {
        used -= segment.size();
        segment.free();
    }
}
