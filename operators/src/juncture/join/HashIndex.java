package juncture.join;

import org.apache.flink.core.memory.MemorySegment;

/**
 * Finds the last row of each hash in one bucket: open addressing with linear probing, outside the heap.
 *
 * <p>A slot holds the hash in its upper and the row's address plus one in its lower half; 0 is empty. Rows of one
 * hash are chained through their headers, so that a frequent key takes one slot.
 */
final class HashIndex {
    static final int NONE = -1;

    private static final int SLOT = Long.BYTES;
    private static final int SMALLEST = 64;

    private final ChunkMemory memory;
    private MemorySegment slots;
    private int mask;
    private int taken;

    /** @param expected about how many hashes there will be. */
    HashIndex(ChunkMemory memory, int expected) throws Exception {
        this.memory = memory;
        allocate(Math.max(SMALLEST, Integer.highestOneBit(Math.max(1, expected)) * 2));
    }

    /** The address of the last row with this hash, or NONE. */
    int last(int hash) {
        for (int slot = mix(hash) & mask; ; slot = (slot + 1) & mask) {
            final long entry = slots.getLong(slot * SLOT);
            if (entry == 0) {
                return NONE;
            }
            if ((int) (entry >>> 32) == hash) {
                return (int) entry - 1;
            }
        }
    }

    /** Makes this row the last one with its hash, and returns the one that was, or NONE. */
    int put(int hash, int address) throws Exception {
        if ((taken + 1) * 3L > (mask + 1) * 2L) {
            grow();
        }
        final long entry = ((long) hash << 32) | ((address + 1) & 0xffffffffL);
        for (int slot = mix(hash) & mask; ; slot = (slot + 1) & mask) {
            final long found = slots.getLong(slot * SLOT);
            if (found == 0) {
                slots.putLong(slot * SLOT, entry);
                taken++;
                return NONE;
            }
            if ((int) (found >>> 32) == hash) {
                slots.putLong(slot * SLOT, entry);
                return (int) found - 1;
            }
        }
    }

    int size() {
        return taken;
    }

    void release() {
        memory.releaseTable(slots);
        slots = null;
    }

    private void grow() throws Exception {
        final MemorySegment old = slots;
        allocate((mask + 1) * 2);
        for (int at = 0; at < old.size(); at += SLOT) {
            final long entry = old.getLong(at);
            if (entry != 0) {
                int slot = mix((int) (entry >>> 32)) & mask;
                while (slots.getLong(slot * SLOT) != 0) {
                    slot = (slot + 1) & mask;
                }
                slots.putLong(slot * SLOT, entry);
            }
        }
        memory.releaseTable(old);
    }

    private void allocate(int count) throws Exception {
        slots = memory.allocateTable(count * SLOT);
        mask = count - 1;
    }

    /** Key groups and subtasks are chosen by the same hash: without mixing, the rows of a subtask would crowd. */
    private static int mix(int hash) {
        final int product = hash * 0x9E3779B9;
        return product ^ (product >>> 15);
    }
}
