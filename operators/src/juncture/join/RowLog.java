package juncture.join;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.core.memory.MemorySegmentFactory;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.data.binary.BinarySegmentUtils;

import java.util.Arrays;

/**
 * The rows of one side, bucket and key group, in the order in which they came, in chunks.
 *
 * <p>A chunk is {@code byte format, 3 bytes 0, int bytes used}, then rows: {@code int size, int hash, int
 * address of the previous row with this hash, int ordinal}, and the row as BinaryRowData has it, up to a multiple of
 * 8 bytes. An address is a chunk's number and an offset in units of 8 bytes, and fits an int. A row that is larger
 * than a chunk is a chunk by itself, which is never kept in memory.
 *
 * <p>A chunk is written to the state when a snapshot is made or its memory is needed for others, once it is full for
 * good: rows that expire before are never written. Reading the rows of a chunk that lost its memory reads it from the
 * state again.
 */
final class RowLog {
    private static final int CHUNK_HEADER = 8;
    private static final int CHUNK_USED = 4;
    private static final int ROW_HEADER = 16;
    private static final int ROW_HASH = 4;
    private static final int ROW_PREVIOUS = 8;
    private static final int ROW_ORDINAL = 12;
    private static final int OFFSET_BITS = Integer.SIZE - ChunkState.CHUNK_BITS;
    private static final int OFFSET_MASK = (1 << OFFSET_BITS) - 1;

    /** The address of the first row of the first chunk. */
    static final int FIRST = CHUNK_HEADER >>> 3;

    final int keyGroup;
    private final long firstNumber;
    private final Flags[] flags;
    private final ChunkMemory memory;
    private final ChunkState state;
    private final int chunkSize;

    private MemorySegment[] chunks = new MemorySegment[4];
    private int count;
    private int firstResident;
    private int tailUsed;
    private boolean tailOpen;

    /** The chunks before this one are in the state, as they are. */
    private int firstUnwritten;

    /** How many chunks the state has something of. */
    private int stored;

    private int rows;

    /** The last chunk of `chunkOfDue` that was read from the state. */
    private MemorySegment due;

    private int dueNumber = -1;

    /** @param flagNumbers under which the flags of its rows are kept; the chunks' numbers count from firstNumber. */
    RowLog(int keyGroup, long firstNumber, long[] flagNumbers, ChunkMemory memory, ChunkState state) {
        this.keyGroup = keyGroup;
        this.firstNumber = firstNumber;
        flags = new Flags[flagNumbers.length];
        for (int flag = 0; flag < flags.length; flag++) {
            flags[flag] = new Flags(keyGroup, flagNumbers[flag], state);
        }
        this.memory = memory;
        this.state = state;
        chunkSize = memory.chunkSize;
    }

    /** Where the next row will be: the place is made, and must be filled by `append`. */
    int nextAddress(int size) throws Exception {
        if (!tailOpen || tailUsed + occupied(size) > chunkSize) {
            seal();
            open(size);
        }
        return ((count - 1) << OFFSET_BITS) | (tailUsed >>> 3);
    }

    /** Adds a row at the address that `nextAddress` gave, with a bit for each flag; returns its number in the log. */
    int append(int hash, int previous, BinaryRowData row, int flagBits) throws Exception {
        final int size = row.getSizeInBytes();
        final MemorySegment tail = chunks[count - 1];
        tail.putInt(tailUsed, size);
        tail.putInt(tailUsed + ROW_HASH, hash);
        tail.putInt(tailUsed + ROW_PREVIOUS, previous);
        tail.putInt(tailUsed + ROW_ORDINAL, rows);
        copy(row, tail, tailUsed + ROW_HEADER, size);
        tailUsed += occupied(size);
        firstUnwritten = Math.min(firstUnwritten, count - 1);
        for (int flag = 0; flag < flags.length; flag++) {
            if ((flagBits & (1 << flag)) != 0) {
                flags[flag].set(rows);
            }
        }
        rows++;
        if (tail.size() > chunkSize) {
            seal();
            writeChunks();
            chunks[count - 1] = null;
        }
        return rows - 1;
    }

    boolean isSet(int flag, int ordinal) {
        return flags[flag].isSet(ordinal);
    }

    void set(int flag, int ordinal) {
        flags[flag].set(ordinal);
    }

    void clear(int flag, int ordinal) {
        flags[flag].clear(ordinal);
    }

    /** Whether one of these flags of a row is set. */
    boolean isAnySet(int first, int end, int ordinal) {
        for (int flag = first; flag < end; flag++) {
            if (flags[flag].isSet(ordinal)) {
                return true;
            }
        }
        return false;
    }

    /** The flags of a row, a bit for each. */
    int flagBits(int ordinal) {
        int bits = 0;
        for (int flag = 0; flag < flags.length; flag++) {
            bits |= flags[flag].isSet(ordinal) ? 1 << flag : 0;
        }
        return bits;
    }

    /** How many rows have none of these flags. */
    int without(int first, int end) {
        int without = rows;
        for (int word = 0; word << 6 < rows; word++) {
            long any = 0;
            for (int flag = first; flag < end; flag++) {
                any |= flags[flag].word(word);
            }
            without -= Long.bitCount(any);
        }
        return without;
    }

    /** The number of the chunk that holds this address. */
    static int chunkOf(int address) {
        return address >>> OFFSET_BITS;
    }

    /** The chunk of this number, from memory or else from the state. */
    MemorySegment chunk(int number) throws Exception {
        final MemorySegment resident = chunks[number];
        return resident != null ? resident : MemorySegmentFactory.wrap(state.readRows(keyGroup, firstNumber + number));
    }

    /**
     * As `chunk`, for rows that are due. They are about in the order in which they came: so a chunk that lost its memory
     * is kept until one of another is, instead of being read for each of its rows.
     */
    MemorySegment chunkOfDue(int number) throws Exception {
        if (number == dueNumber) {
            return due;
        }
        final MemorySegment chunk = chunk(number);
        if (chunks[number] == null && chunk.size() <= chunkSize) {
            dueNumber = number;
            due = chunk;
        }
        return chunk;
    }

    static void pointTo(BinaryRowData row, MemorySegment chunk, int address) {
        final int at = offset(address);
        row.pointTo(chunk, at + ROW_HEADER, chunk.getInt(at));
    }

    /** The address of the row before this one with the same hash, or NONE. */
    static int previous(MemorySegment chunk, int address) {
        return chunk.getInt(offset(address) + ROW_PREVIOUS);
    }

    static int hash(MemorySegment chunk, int address) {
        return chunk.getInt(offset(address) + ROW_HASH);
    }

    static int ordinal(MemorySegment chunk, int address) {
        return chunk.getInt(offset(address) + ROW_ORDINAL);
    }

    /** Writes what the state does not have yet. */
    void flush() throws Exception {
        if (tailOpen) {
            chunks[count - 1].putInt(CHUNK_USED, tailUsed);
        }
        writeChunks();
        for (Flags each : flags) {
            each.flush(rows);
        }
    }

    /** Gives back the memory of up to `most` full chunks, the oldest first; returns of how many. */
    int evict(int most) throws Exception {
        int given = 0;
        final int end = tailOpen ? count - 1 : count;
        while (firstResident < end && given < most) {
            if (chunks[firstResident] != null) {
                if (firstResident >= firstUnwritten) {
                    write(firstResident);
                    firstUnwritten = firstResident + 1;
                }
                release(firstResident);
                given++;
            }
            firstResident++;
        }
        return given;
    }

    /** Makes the chunk being filled one that can be evicted; the next row begins another. */
    void seal() {
        if (tailOpen) {
            chunks[count - 1].putInt(CHUNK_USED, tailUsed);
            tailOpen = false;
        }
    }

    /** Frees the memory and removes everything from the state. */
    void drop() throws Exception {
        releaseMemory();
        for (int number = 0; number < stored; number++) {
            state.removeRows(keyGroup, firstNumber + number);
        }
        removeFlags();
    }

    void releaseMemory() {
        for (int number = 0; number < count; number++) {
            if (chunks[number] != null) {
                release(number);
            }
        }
    }

    /** What a row is given to: where it is, and its hash. */
    interface RowVisitor {
        void visit(int address, int hash, MemorySegment chunk) throws Exception;
    }

    void forEach(RowVisitor visitor) throws Exception {
        for (int number = 0; number < count; number++) {
            final MemorySegment chunk = chunk(number);
            final int end = tailOpen && number == count - 1 ? tailUsed : chunk.getInt(CHUNK_USED);
            forEach(number, chunk, end, visitor);
        }
    }

    /** Visits the rows of a stored chunk, with their addresses in it. */
    static void forEach(byte[] bytes, RowVisitor visitor) throws Exception {
        forEach(0, MemorySegmentFactory.wrap(bytes), bytes.length, visitor);
    }

    private static void forEach(int number, MemorySegment chunk, int end, RowVisitor visitor) throws Exception {
        for (int at = CHUNK_HEADER; at < end; at += occupied(chunk.getInt(at))) {
            visitor.visit((number << OFFSET_BITS) | (at >>> 3), chunk.getInt(at + ROW_HASH), chunk);
        }
    }

    /** Takes back the chunk after the last one from the state, before a row is added. */
    void restore(byte[] bytes, RowVisitor visitor) throws Exception {
        if (count == 0) {
            restoreFlags();
        }
        makeRoomForChunk();
        final int number = count++;
        stored = count;
        firstUnwritten = count;
        final MemorySegment chunk = MemorySegmentFactory.wrap(bytes);
        if (bytes.length <= chunkSize && !memory.exhausted()) {
            chunks[number] = memory.allocateChunk();
            chunk.copyTo(0, chunks[number], 0, bytes.length);
        }
        forEach(
                number,
                chunk,
                bytes.length,
                (address, hash, segment) -> {
                    rows++;
                    visitor.visit(address, hash, segment);
                });
    }

    void restoreFlags() throws Exception {
        for (Flags each : flags) {
            each.restore();
        }
    }

    /** Removes the flags from the state, of a log that nothing is added to. */
    void removeFlags() throws Exception {
        for (Flags each : flags) {
            each.remove();
        }
    }

    private void makeRoomForChunk() {
        if (count > ChunkState.LARGEST_CHUNK) {
            throw new IllegalStateException(
                    "A key group has more than 8 GiB of rows in one bucket of event time, which is more than this join"
                            + " can address. Raise pipeline.max-parallelism.");
        }
        if (count == chunks.length) {
            chunks = Arrays.copyOf(chunks, count * 2);
        }
    }

    private void open(int size) {
        makeRoomForChunk();
        final int needed = CHUNK_HEADER + occupied(size);
        final MemorySegment tail =
                needed > chunkSize
                        ? MemorySegmentFactory.allocateUnpooledSegment(needed)
                        : memory.allocateChunk();
        tail.putInt(0, 0);
        tail.put(0, (byte) ChunkState.FORMAT);
        chunks[count++] = tail;
        tailUsed = CHUNK_HEADER;
        tailOpen = true;
    }

    private void writeChunks() throws Exception {
        while (firstUnwritten < count) {
            write(firstUnwritten++);
        }
    }

    private void write(int number) throws Exception {
        final MemorySegment chunk = chunks[number];
        state.writeRows(keyGroup, firstNumber + number, chunk, chunk.getInt(CHUNK_USED));
        stored = Math.max(stored, number + 1);
    }

    private void release(int number) {
        memory.releaseChunk(chunks[number]);
        chunks[number] = null;
    }

    private static int offset(int address) {
        return (address & OFFSET_MASK) << 3;
    }

    private static int occupied(int size) {
        return (ROW_HEADER + size + 7) & ~7;
    }

    private static void copy(BinaryRowData row, MemorySegment target, int at, int size) {
        final MemorySegment[] segments = row.getSegments();
        if (segments.length == 1) {
            segments[0].copyTo(row.getOffset(), target, at, size);
        } else {
            target.put(at, BinarySegmentUtils.copyToBytes(segments, row.getOffset(), size), 0, size);
        }
    }
}
