package juncture.join;

import org.apache.flink.api.common.functions.DefaultOpenContext;
import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.core.memory.ManagedMemoryUseCase;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.memory.MemoryManager;
import org.apache.flink.runtime.state.CheckpointableKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyedStateBackend;
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

/** Joins two inputs on equal keys and event times within bounds, with the results of Flink's interval join. */
class EventTimeJoin extends AbstractStreamOperator<RowData>
        implements TwoInputStreamOperator<RowData, RowData, RowData> {
    private static final long serialVersionUID = 1L;

    private static final String HEADER_STATE = "event-join-header";
    private static final int CHUNK_SIZE = 16 * 1024;
    /** Buckets that a side's rows are in, about: fewer are quicker to probe, more are dropped sooner. */
    private static final int BUCKETS = 10;
    private static final long NARROWEST_BUCKET = 1000;

    private final JoinDescription description;

    /** The watermark up to which the operator builds state and puts out nothing; null for a join that joins. */
    private final Long buildUntil;

    private transient JoinSide left;
    private transient JoinSide right;
    transient ChunkMemory memory;
    private transient MemoryManager memoryManager;
    private transient RowDataSerializer leftSerializer;
    private transient RowDataSerializer rightSerializer;
    private transient OuterJoinPaddingUtil padding;
    transient TimestampedCollector<RowData> collector;
    private transient Results results;
    transient Counter lateRecords;
    transient Counter lateRecordsDropped;
    private transient int keyGroups;
    private transient long watermark;
    /** How far the watermark has been, in earlier runs, too. */
    private transient long furthest;
    private transient ChunkState state;
    private transient BroadcastState<String, String> header;

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
        final StateHeader now = StateHeader.of(description, bucketWidth());
        final StateHeader stored = storedHeader(context, now);
        final KeyedStateBackend<RowData> backend = getKeyedStateBackend();
        final KeyGroupRange range = ((CheckpointableKeyedStateBackend<RowData>) backend).getKeyGroupRange();
        state = new ChunkState(context.getKeyedStateStore(), backend, range, keyGroups, description.stateOfFlinks());
        memory = new ChunkMemory(reserveManagedMemory(), CHUNK_SIZE, new Sides());
        left =
                new JoinSide(
                        0, 1, description.left, selector(stateKeySelector1), stored.width, range, memory, state);
        right =
                new JoinSide(
                        1, 0, description.right, selector(stateKeySelector2), stored.width, range, memory, state);
        final RowProjection ofLeft = stored.left.projection(now.left, description.left.type, "left");
        final RowProjection ofRight = stored.right.projection(now.right, description.right.type, "right");
        state.restore(
                (keyGroup, numbers, expired) -> {
                    left.restore(keyGroup, numbers, expired[0], ofLeft);
                    right.restore(keyGroup, numbers, expired[1], ofRight);
                });
        memory.makeRoom();
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
        getMetricGroup().gauge("joinMemoryUsed", memory::used);
        description.function.setRuntimeContext(getRuntimeContext());
        description.function.open(DefaultOpenContext.INSTANCE);
    }

    /** The result that a left row is without a match. */
    RowData unmatchedLeft(BinaryRowData row) {
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
        final boolean done = process(left, right, row, stored -> joined(row, stored));
        if (!done && description.left.outer) {
            emit(unmatchedLeft(row));
        }
    }

    @Override
    public void processElement2(StreamRecord<RowData> element) throws Exception {
        collector.setTimestamp(element);
        final BinaryRowData row = rightSerializer.toBinaryRow(element.getValue());
        final boolean done = process(right, left, row, stored -> joined(stored, row));
        if (!done && description.right.outer) {
            emit(padding.padRight(row));
        }
    }

    /** Joins a row with what the other side has, and keeps it if it may match later; false if it did neither. */
    private boolean process(JoinSide own, JoinSide other, BinaryRowData row, JoinSide.Match match) throws Exception {
        final BinaryRowData key = (BinaryRowData) own.keySelector.getKey(row);
        final int hash = key.hashCode();
        final int keyGroup = KeyGroupRangeAssignment.computeKeyGroupForKeyHash(hash, keyGroups);
        final long time = own.timeOf(row);
        final long now = Math.max(description.firstWatermark(), watermark);
        final long until = time + own.description.retention;
        final boolean matchable = !key.anyNull(description.nullFilteredKeys);
        boolean joined = false;
        if (matchable) {
            final long from = Math.max(time - other.description.retention, other.expiration(now) + 1);
            description.function.setJoinKey(key);
            joined = other.probe(keyGroup, key, hash, from, until, match);
        }
        if (time <= watermark) {
            lateRecords.inc();
        }
        if (now < until) {
            final JoinDescription.Matches matches = own.description.matches;
            final boolean settled = joined && matches == JoinDescription.Matches.FIRST;
            if (!settled && (matchable || own.description.outer)) {
                own.add(keyGroup, key, hash, row, joined && matches == JoinDescription.Matches.ALL);
                memory.makeRoom();
            }
            return true;
        }
        if (!joined) {
            lateRecordsDropped.inc();
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

    private boolean joined(RowData leftRow, RowData rightRow) throws Exception {
        results.any = false;
        results.left = leftRow;
        description.function.join(leftRow, rightRow, results);
        return results.any;
    }

    @Override
    public void processWatermark(Watermark mark) throws Exception {
        if (buildUntil != null) {
            // Rows are read in another order than they came: nothing is late, and nothing expires before all are here.
            return;
        }
        watermark = mark.getTimestamp();
        left.expire(
                watermark,
                (time, row) -> {
                    collector.setAbsoluteTimestamp(time + description.left.retention + 1);
                    collector.collect(unmatchedLeft(row));
                });
        right.expire(
                watermark,
                (time, row) -> {
                    collector.setAbsoluteTimestamp(time + description.right.retention + 1);
                    collector.collect(padding.padRight(row));
                });
        super.processWatermark(mark);
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        left.flush();
        right.flush();
        final long reached = buildUntil == null ? watermark : buildUntil;
        // A watermark is of one run, but what it has ruled out stays so.
        state.writeExpired(left.expiration(reached), right.expiration(reached));
        furthest = Math.max(furthest, reached);
        StateHeader.writeWatermark(header, furthest);
    }

    @Override
    public void close() throws Exception {
        super.close();
        description.function.close();
        for (JoinSide side : new JoinSide[] {left, right}) {
            if (side != null) {
                side.releaseMemory();
            }
        }
        if (memory != null) {
            memory.close();
        }
        if (memoryManager != null) {
            memoryManager.releaseAllMemory(this);
        }
    }

    /** The header of the snapshot, or else of a job that begins; the state has from now on what the job writes. */
    private StateHeader storedHeader(StateInitializationContext context, StateHeader now) throws Exception {
        header =
                context.getOperatorStateStore()
                        .getBroadcastState(
                                new MapStateDescriptor<>(
                                        HEADER_STATE, StringSerializer.INSTANCE, StringSerializer.INSTANCE));
        final boolean written = header.iterator().hasNext();
        if (!written && hasForeignState()) {
            throw StateHeader.refusal(
                    "The state that this join was given was not written by Juncture's operator, but by Flink's"
                            + " join, or another operator of this uid. Nothing was read, as the rows would be missing."
                            + " Restore with the join's former strategy, or start without this state.");
        }
        final StateHeader stored = written ? StateHeader.read(header) : now;
        furthest = StateHeader.watermark(header);
        stored.continuedBy(now).write(header);
        return stored;
    }

    private boolean hasForeignState() {
        return getContainingTask()
                .getEnvironment()
                .getTaskStateManager()
                .prioritizedOperatorState(getOperatorID())
                .getJobManagerManagedKeyedState()
                .hasState();
    }

    private long bucketWidth() {
        return Math.max(NARROWEST_BUCKET, (description.left.retention + description.right.retention) / BUCKETS);
    }

    /** This operator's share of the slot's managed memory, taken as a whole. */
    private long reserveManagedMemory() throws Exception {
        final double fraction =
                getOperatorConfig()
                        .getManagedMemoryFractionOperatorUseCaseOfSlot(
                                ManagedMemoryUseCase.OPERATOR,
                                getRuntimeContext().getJobConfiguration(),
                                getRuntimeContext().getTaskManagerRuntimeInfo().getConfiguration(),
                                getUserCodeClassloader());
        final MemoryManager manager = getContainingTask().getEnvironment().getMemoryManager();
        final long bytes = manager.computeMemorySize(fraction);
        manager.reserveMemory(this, bytes);
        memoryManager = manager;
        return bytes;
    }

    @SuppressWarnings("unchecked")
    private static KeySelector<RowData, RowData> selector(KeySelector<?, ?> selector) {
        return (KeySelector<RowData, RowData>) (KeySelector<?, ?>) selector;
    }

    /** The sides as owners of chunks. */
    private final class Sides implements ChunkMemory.Owner {
        @Override
        public int evict(int chunks) throws Exception {
            final int given = left.evict(chunks);
            return given < chunks ? given + right.evict(chunks - given) : given;
        }

        @Override
        public void seal() throws Exception {
            left.seal();
            right.seal();
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
