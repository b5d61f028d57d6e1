package juncture.join;

import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.table.data.binary.BinaryRowData;

/** The rows of one side whose time is in one stretch of event time: a log for each key group, and an index. */
final class TimeBucket {
    final long id;
    private final HashIndex index;
    private final JoinSide side;
    private final RowLog[] logs;
    private final int firstKeyGroup;

    /** Rows without a match; there from when the first row of the bucket expires. */
    private ExpiryQueue unmatched;

    TimeBucket(long id, JoinSide side, KeyGroupRange range, HashIndex index) {
        this.id = id;
        this.side = side;
        this.index = index;
        firstKeyGroup = range.getStartKeyGroup();
        logs = new RowLog[range.getNumberOfKeyGroups()];
    }

    void add(int keyGroup, int hash, long time, BinaryRowData row, boolean matched) throws Exception {
        final RowLog log = logToFill(keyGroup);
        final int address = log.nextAddress(row.getSizeInBytes());
        final int ordinal = log.append(hash, index.put(hash, address), row, matched);
        if (unmatched != null && !matched) {
            unmatched.add(time, keyGroup, address, ordinal);
        }
    }

    /** Finds a row that is back in its log. */
    void restored(int address, int hash) throws Exception {
        if (address > index.last(hash)) {
            index.put(hash, address);
        }
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

    /** What a row without a match is given to. */
    interface UnmatchedVisitor {
        void visit(long time, BinaryRowData row) throws Exception;
    }

    /** Gives each row up to a time that has had no match to the visitor, in order of time, once. */
    void expireUnmatched(long until, UnmatchedVisitor visitor) throws Exception {
        if (unmatched == null) {
            collectUnmatched();
        }
        while (!unmatched.isEmpty() && unmatched.time() <= until) {
            final RowLog log = log(unmatched.keyGroup());
            final int ordinal = unmatched.ordinal();
            if (!log.isMatched(ordinal)) {
                RowLog.pointTo(side.row, log.chunk(unmatched.address()), unmatched.address());
                visitor.visit(unmatched.time(), side.row);
                log.markMatched(ordinal);
            }
            unmatched.removeOldest();
        }
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
        if (unmatched != null) {
            unmatched.release();
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

    private void collectUnmatched() throws Exception {
        int expected = 0;
        for (RowLog log : logs) {
            expected += log == null ? 0 : log.unmatched();
        }
        // All at once: to grow while a chunk is read might take that chunk's memory.
        unmatched = new ExpiryQueue(side.memory, expected);
        forEach(
                log ->
                        log.forEach(
                                (address, hash, chunk) -> {
                                    final int ordinal = RowLog.ordinal(chunk, address);
                                    if (!log.isMatched(ordinal)) {
                                        RowLog.pointTo(side.row, chunk, address);
                                        unmatched.add(
                                                side.timeOf(side.row), log.keyGroup, address, ordinal);
                                    }
                                }));
    }
}
