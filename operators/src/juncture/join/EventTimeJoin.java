package juncture.join;

import org.apache.flink.api.common.functions.DefaultOpenContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.streaming.api.operators.TimestampedCollector;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.runtime.operators.join.OuterJoinPaddingUtil;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.util.Collector;

import java.util.List;
import java.util.function.UnaryOperator;

/** Joins two inputs on equal keys and event times within bounds, with the results of Flink's interval join. */
class EventTimeJoin extends AbstractStreamOperator<RowData>
        implements TwoInputStreamOperator<RowData, RowData, RowData> {
    private static final long serialVersionUID = 1L;

    /** The one flag of a row. */
    private static final int MATCHED = 0;

    private final JoinDescription description;

    /** The watermark up to which the operator builds state and puts out nothing; null for a join that joins. */
    private final Long buildUntil;

    transient JoinStore store;
    private transient JoinSide left;
    private transient JoinSide right;
    private transient RowDataSerializer leftSerializer;
    private transient RowDataSerializer rightSerializer;
    private transient OuterJoinPaddingUtil padding;
    private transient TimestampedCollector<RowData> collector;
    private transient Results results;
    transient Counter lateRecords;
    transient Counter lateRecordsDropped;
    private transient Counter leftLateRecordsDropped;
    private transient Counter rightLateRecordsDropped;
    private transient int keyGroups;
    private transient long watermark;

    /** Whether the row that is being processed has joined one. */
    private transient boolean joined;

    EventTimeJoin(
            StreamOperatorParameters<RowData> parameters, JoinDescription description, Long buildUntil) {
        super(
                parameters,
                description.watermarkDelay() == 0
                        ? OutputAdjustment.noAdjustment()
                        : OutputAdjustment.delayedWatermarkOutput(description.watermarkDelay()));
        this.description = description;
        this.buildUntil = buildUntil;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        FlinkVersion.require();
        watermark = Long.MIN_VALUE;
        keyGroups = getRuntimeContext().getTaskInfo().getMaxNumberOfParallelSubtasks();
        store =
                new JoinStore(
                        context,
                        new JoinStore.Place(
                                getContainingTask().getEnvironment(),
                                getOperatorConfig(),
                                getRuntimeContext(),
                                getKeyedStateBackend(),
                                getOperatorID(),
                                getUserCodeClassloader()),
                        StateHeader.of(description),
                        List.of(description.left, description.right),
                        List.of(RowFlags.ofOne(1), RowFlags.ofOne(0)),
                        description.stateOfFlinks());
        left = store.sides[0];
        right = store.sides[1];
    }

    @Override
    public void open() throws Exception {
        super.open();
        leftSerializer = description.left.type.toRowSerializer();
        rightSerializer = description.right.type.toRowSerializer();
        padding = new OuterJoinPaddingUtil(description.left.type.toRowSize(), description.right.type.toRowSize());
        collector = new TimestampedCollector<>(output);
        results = new Results();
        lateRecords = getMetricGroup().counter("numLateRecords");
        lateRecordsDropped = getMetricGroup().counter("numLateRecordsDropped");
        leftLateRecordsDropped = getMetricGroup().counter("leftNumLateRecordsDropped");
        rightLateRecordsDropped = getMetricGroup().counter("rightNumLateRecordsDropped");
        store.measure(getMetricGroup());
        description.function.setRuntimeContext(getRuntimeContext());
        description.function.open(DefaultOpenContext.INSTANCE);
    }

    /** The result that a left row is without a match. */
    RowData unmatchedLeft(RowData row) {
        return padding.padLeft(row);
    }

    // The key is set where the state is used, not for each record.

    @Override
    public boolean hasKeyContext1() {
        return false;
    }

    @Override
    public boolean hasKeyContext2() {
        return false;
    }

    @Override
    public void setKeyContextElement1(StreamRecord record) {}

    @Override
    public void setKeyContextElement2(StreamRecord record) {}

    @Override
    public void processElement1(StreamRecord<RowData> element) throws Exception {
        collector.setTimestamp(element);
        final BinaryRowData row = leftSerializer.toBinaryRow(element.getValue());
        final boolean done =
                left.hasTime(row)
                        && process(left, right, row, (stored, log, ordinal) -> match(row, stored, right, log, ordinal));
        if (!done && description.left.outer) {
            emit(unmatchedLeft(row));
        }
    }

    @Override
    public void processElement2(StreamRecord<RowData> element) throws Exception {
        collector.setTimestamp(element);
        final BinaryRowData row = rightSerializer.toBinaryRow(element.getValue());
        final boolean done =
                right.hasTime(row)
                        && process(right, left, row, (stored, log, ordinal) -> match(stored, row, left, log, ordinal));
        if (!done && description.right.outer) {
            emit(padding.padRight(row));
        }
    }

    /** Joins a row with what the other side has, and keeps it if it may match later; false if it did neither. */
    private boolean process(JoinSide own, JoinSide other, BinaryRowData row, JoinSide.Visitor match) throws Exception {
        final BinaryRowData key = (BinaryRowData) own.keySelector.getKey(row);
        final int hash = key.hashCode();
        final int keyGroup = KeyGroupRangeAssignment.computeKeyGroupForKeyHash(hash, keyGroups);
        final long time = own.timeOf(row);
        final long now = Math.max(description.firstWatermark(), watermark);
        final long until = time + own.description.retention;
        final boolean matchable = !key.anyNull(description.nullFilteredKeys);
        joined = false;
        if (matchable) {
            final long from =
                    Math.max(time - other.description.retention, other.description.expiration(now) + 1);
            description.function.setJoinKey(key);
            other.probe(keyGroup, key, hash, from, until, match);
        }
        if (time <= watermark) {
            lateRecords.inc();
        }
        if (now < until) {
            final boolean settled = joined && own.description.matches == JoinDescription.Matches.FIRST;
            if (!settled && (matchable || own.description.outer)) {
                final boolean matched = joined && own.description.matches == JoinDescription.Matches.ALL;
                own.add(keyGroup, key, hash, row, matched ? 1 << MATCHED : 0);
                store.memory.makeRoom();
            }
            return true;
        }
        if (!joined) {
            lateRecordsDropped.inc();
            (own == left ? leftLateRecordsDropped : rightLateRecordsDropped).inc();
        }
        return joined;
    }

    /** What comes of a left row that matches, and of the pair. */
    void join(RowData left, RowData pair) {
        emit(pair);
    }

    final void emit(RowData row) {
        if (buildUntil == null) {
            collector.collect(row);
        }
    }

    /** Makes the result of two rows, of which one is stored at that side; whether more stored rows are asked for. */
    private boolean match(RowData leftRow, RowData rightRow, JoinSide stored, RowLog log, int ordinal)
            throws Exception {
        final JoinDescription.Matches matches = stored.description.matches;
        if (matches == JoinDescription.Matches.FIRST && log.isSet(MATCHED, ordinal)) {
            return true;
        }
        results.any = false;
        results.left = leftRow;
        description.function.join(leftRow, rightRow, results);
        if (!results.any) {
            return true;
        }
        joined = true;
        if (matches == JoinDescription.Matches.ANY) {
            return false;
        }
        log.set(MATCHED, ordinal);
        return true;
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        if (buildUntil != null) {
            // Rows are read in another order than they came: nothing is late, and nothing expires before all are here.
            return;
        }
        watermark = mark.getTimestamp();
        expire(left, this::unmatchedLeft);
        expire(right, padding::padRight);
        super.processWatermark(mark);
    }

    private void expire(JoinSide side, UnaryOperator<RowData> padded) throws Exception {
        final long expired = side.description.expiration(watermark);
        if (side.description.outer) {
            side.settle(
                    0,
                    expired,
                    (time, row, hash, log, ordinal) -> {
                        collector.setAbsoluteTimestamp(time + side.description.retention + 1);
                        collector.collect(padded.apply(row));
                    });
        }
        side.drop(expired);
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        final long reached = buildUntil == null ? watermark : buildUntil;
        store.snapshot(reached, new long[0], description.left.expiration(reached), description.right.expiration(reached));
    }

    @Override
    public void close() throws Exception {
        try {
            super.close();
            description.function.close();
        } finally {
            if (store != null) {
                store.close();
            }
        }
    }

    /** Passes results on, and remembers that there were some. */
    private final class Results implements Collector<RowData> {
        private boolean any;
        private RowData left;

        @Override
        public void collect(RowData row) {
            any = true;
            join(left, row);
        }

        @Override
        public void close() {}
    }
}
