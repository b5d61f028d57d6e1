package juncture.join;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.table.data.binary.BinaryRowData;

/** The rows of one side whose time is in one stretch of event time: a log for each key group, and an index. */
final class TimeBucket {
    final long id;
    private final HashIndex index;
    private final JoinSide side;
    private final RowLog[] logs;
    private final int firstKeyGroup;

    /** For each join, the rows that it has yet to settle; there from when the first row of the bucket is due. */
    private final ExpiryQueue[] waiting;

    TimeBucket(long id, JoinSide side, KeyGroupRange range, HashIndex index) {
        this.id = id;
        this.side = side;
        this.index = index;
        firstKeyGroup = range.getStartKeyGroup();
        logs = new RowLog[range.getNumberOfKeyGroups()];
        waiting = new ExpiryQueue[side.flags.joins];
    }

    void add(int keyGroup, int hash, long time, BinaryRowData row, int flagBits) throws Exception {
        final RowLog log = logToFill(keyGroup);
        final int address = log.nextAddress(row.getSizeInBytes());
        final int ordinal = log.append(hash, index.put(hash, address), row, flagBits);
        for (int join = 0; join < waiting.length; join++) {
            if (waiting[join] != null && !isSettled(join, log, ordinal)) {
                waiting[join].add(time, keyGroup, address, ordinal);
            }
        }
    }

    /** Finds a row that is back in its log, after those before it. */
    void restored(int address, int hash) throws Exception {
        index.put(hash, address);
    }

    /** The address of the last row with this hash, or HashIndex.NONE. */
    int last(int hash) {
        return index.last(hash);
    }

    /** How many hashes there are. */
    int size() {
        return index.size();
    }

    /** The log of a key group that has rows here. */
    RowLog log(int keyGroup) {
        return logs[keyGroup - firstKeyGroup];
    }

    /** What a row is given to; it is valid until the end of the call. */
    interface RowVisitor {
        void visit(long time, BinaryRowData row, int hash, RowLog log, int ordinal) throws Exception;
    }

    /**
     * Gives each row up to a time that a join has not settled to the visitor, in order of time, once. The visitor must
     * not add rows.
     */
    void settle(int join, long until, RowVisitor visitor) throws Exception {
        if (waiting[join] == null) {
            collectWaiting(join);
        }
        final ExpiryQueue queue = waiting[join];
        while (!queue.isEmpty() && queue.time() <= until) {
            final RowLog log = log(queue.keyGroup());
            final int ordinal = queue.ordinal();
            if (!isSettled(join, log, ordinal)) {
                final MemorySegment chunk = log.chunkOfDue(RowLog.chunkOf(queue.address()));
                RowLog.pointTo(side.row, chunk, queue.address());
                visitor.visit(queue.time(), side.row, RowLog.hash(chunk, queue.address()), log, ordinal);
                log.set(side.flags.putOut(join), ordinal);
            }
            queue.removeOldest();
        }
    }

    private boolean isSettled(int join, RowLog log, int ordinal) {
        return log.isAnySet(side.flags.first(join), side.flags.first(join + 1), ordinal);
    }

    /** Something to do with a log. */
    interface LogVisitor {
        void visit(RowLog log) throws Exception;
    }

    void forEach(LogVisitor visitor) throws Exception {
        for (RowLog log : logs) {
            if (log != null) {
                visitor.visit(log);
            }
        }
    }

    /** Gives back the memory of about `wanted` full chunks; returns of how many. */
    int evict(int wanted) throws Exception {
        int given = 0;
        for (int position = 0; position < logs.length && given < wanted; position++) {
            if (logs[position] != null) {
                given += logs[position].evict(wanted - given);
            }
        }
        return given;
    }

    /** Frees the memory, and removes the rows from the state. */
    void drop() throws Exception {
        forEach(RowLog::drop);
        releaseTables();
    }

    void releaseMemory() throws Exception {
        forEach(RowLog::releaseMemory);
        releaseTables();
    }

    private void releaseTables() {
        index.release();
        for (ExpiryQueue queue : waiting) {
            if (queue != null) {
                queue.release();
            }
        }
    }

    /** The log of a key group, which may have no rows yet. */
    RowLog logToFill(int keyGroup) {
        final int position = keyGroup - firstKeyGroup;
        if (logs[position] == null) {
            logs[position] = side.newLog(keyGroup, id);
        }
        return logs[position];
    }

    private void collectWaiting(int join) throws Exception {
        int expected = 0;
        for (RowLog log : logs) {
            expected += log == null ? 0 : log.without(side.flags.first(join), side.flags.first(join + 1));
        }
        // All at once: to grow while a chunk is read might take that chunk's memory.
        final ExpiryQueue queue = new ExpiryQueue(side.memory, expected);
        waiting[join] = queue;
        forEach(
                log ->
                        log.forEach(
                                (address, hash, chunk) -> {
                                    final int ordinal = RowLog.ordinal(chunk, address);
                                    if (!isSettled(join, log, ordinal)) {
                                        RowLog.pointTo(side.row, chunk, address);
                                        queue.add(side.timeOf(side.row), log.keyGroup, address, ordinal);
                                    }
                                }));
    }
}
