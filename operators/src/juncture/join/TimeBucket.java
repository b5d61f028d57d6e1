package juncture.join;

import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.table.data.binary.BinaryRowData;

import java.util.PriorityQueue;

/** The rows of one side whose time is in one stretch of event time: a log for each key group, and an index. */
final class TimeBucket {
    final long id;
    final HashIndex index;
    private final JoinSide side;
    private final RowLog[] logs;
    private final int firstKeyGroup;

    /** Rows without a match, the oldest first; there from when the first row of the bucket expires. */
    private PriorityQueue<Unmatched> unmatched;

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
            unmatched.add(new Unmatched(time, log, address, ordinal));
        }
    }

    void restore(int keyGroup, int chunk, byte[] bytes) throws Exception {
        logToFill(keyGroup)
                .restore(
                        chunk,
                        bytes,
                        (address, hash, segment) -> {
                            if (address > index.last(hash)) {
                                index.put(hash, address);
                            }
                        });
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
        while (!unmatched.isEmpty() && unmatched.peek().time <= until) {
            final Unmatched next = unmatched.poll();
            if (!next.log.isMatched(next.ordinal)) {
                RowLog.pointTo(side.row, next.log.chunk(next.address), next.address);
                visitor.visit(next.time, side.row);
                next.log.markMatched(next.ordinal);
            }
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
    int evict(int wanted) {
        int given = 0;
        for (int position = 0; position < logs.length && given < wanted; position++) {
            if (logs[position] != null) {
                given += logs[position].evict(wanted - given);
            }
        }
        return given;
    }

    private RowLog logToFill(int keyGroup) {
        final int position = keyGroup - firstKeyGroup;
        if (logs[position] == null) {
            logs[position] = side.newLog(keyGroup, id);
        }
        return logs[position];
    }

    private void collectUnmatched() throws Exception {
        unmatched = new PriorityQueue<>();
        forEach(
                log ->
                        log.forEach(
                                (address, hash, chunk) -> {
                                    final int ordinal = RowLog.ordinal(chunk, address);
                                    if (!log.isMatched(ordinal)) {
                                        RowLog.pointTo(side.row, chunk, address);
                                        unmatched.add(
                                                new Unmatched(side.timeOf(side.row), log, address, ordinal));
                                    }
                                }));
    }

    private static final class Unmatched implements Comparable<Unmatched> {
        private final long time;
        private final RowLog log;
        private final int address;
        private final int ordinal;

        private Unmatched(long time, RowLog log, int address, int ordinal) {
            this.time = time;
            this.log = log;
            this.address = address;
            this.ordinal = ordinal;
        }

        @Override
        public int compareTo(Unmatched other) {
            return Long.compare(time, other.time);
        }
    }
}
