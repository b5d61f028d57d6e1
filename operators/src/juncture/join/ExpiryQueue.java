package juncture.join;

import org.apache.flink.core.memory.MemorySegment;

/**
 * Rows by time, the oldest first: a binary heap outside Java's, 24 bytes a row.
 *
 * <p>A row is told by its time, its log's key group, its address and its number in the log.
 */
final class ExpiryQueue {
    private static final int ENTRY = 24;
    private static final int KEY_GROUP = 8;
    private static final int ADDRESS = 12;
    private static final int ORDINAL = 16;
    private static final int SMALLEST = 64;

    private final ChunkMemory memory;
    private MemorySegment entries;
    private int capacity;
    private int count;

    ExpiryQueue(ChunkMemory memory, int expected) throws Exception {
        this.memory = memory;
        capacity = Math.max(SMALLEST, expected);
        entries = memory.allocateTable(Math.multiplyExact(capacity, ENTRY));
    }

    boolean isEmpty() {
        return count == 0;
    }

    /** Of the oldest row. */
    long time() {
        return entries.getLong(0);
    }

    /** Of the oldest row. */
    int keyGroup() {
        return entries.getInt(KEY_GROUP);
    }

    /** Of the oldest row. */
    int address() {
        return entries.getInt(ADDRESS);
    }

    /** Of the oldest row. */
    int ordinal() {
        return entries.getInt(ORDINAL);
    }

    void add(long time, int keyGroup, int address, int ordinal) throws Exception {
        if (count == capacity) {
            grow();
        }
        int at = count++;
        while (at > 0 && entries.getLong((at - 1) / 2 * ENTRY) > time) {
            copy((at - 1) / 2, at);
            at = (at - 1) / 2;
        }
        final int offset = at * ENTRY;
        entries.putLong(offset, time);
        entries.putInt(offset + KEY_GROUP, keyGroup);
        entries.putInt(offset + ADDRESS, address);
        entries.putInt(offset + ORDINAL, ordinal);
    }

    void removeOldest() {
        final int last = --count;
        final long time = entries.getLong(last * ENTRY);
        int at = 0;
        for (int child = 1; child < last; child = 2 * at + 1) {
            if (child + 1 < last && entries.getLong((child + 1) * ENTRY) < entries.getLong(child * ENTRY)) {
                child++;
            }
            if (entries.getLong(child * ENTRY) >= time) {
                break;
            }
            copy(child, at);
            at = child;
        }
        copy(last, at);
    }

    void release() {
        memory.releaseTable(entries);
        entries = null;
    }

    private void copy(int from, int to) {
        if (from != to) {
            entries.copyTo(from * ENTRY, entries, to * ENTRY, ENTRY);
        }
    }

    private void grow() throws Exception {
        final MemorySegment old = entries;
        entries = memory.allocateTable(Math.multiplyExact(capacity * 2, ENTRY));
        old.copyTo(0, entries, 0, count * ENTRY);
        capacity *= 2;
        memory.releaseTable(old);
    }
}
