package juncture.join;

import org.apache.flink.api.common.functions.DefaultOpenContext;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.execution.Environment;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractInput;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator.OutputAdjustment;
import org.apache.flink.streaming.api.operators.AbstractStreamOperatorV2;
import org.apache.flink.streaming.api.operators.Input;
import org.apache.flink.streaming.api.operators.MultipleInputStreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.streaming.api.operators.TimestampedCollector;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;

import java.util.ArrayList;
import java.util.List;

/**
 * Joins any number of inputs on one key, with the results of event-time joins one behind the other. Each input's rows are
 * kept once.
 */
final class ChainedJoin extends AbstractStreamOperatorV2<RowData> implements MultipleInputStreamOperator<RowData> {
    private static final long serialVersionUID = 1L;

    private final ChainDescription description;

    /** The watermark of all joins up to which the operator builds state and puts out nothing; null if it joins. */
    private final Long buildUntil;

    private final Environment environment;
    private final int last;
    private final List<Input> inputs = new ArrayList<>();

    transient JoinStore store;
    transient ChainTime time;
    transient Counter lateRecords;
    transient Counter lateRecordsDropped;
    private transient ChainJoins joins;
    private transient TimestampedCollector<RowData> collector;
    private transient int keyGroups;

    ChainedJoin(StreamOperatorParameters<RowData> parameters, ChainDescription description, Long buildUntil) {
        super(parameters, description.joins.length + 1, delay(description));
        this.description = description;
        this.buildUntil = buildUntil;
        environment = parameters.getContainingTask().getEnvironment();
        last = description.joins.length - 1;
        for (int input = 0; input < last + 2; input++) {
            inputs.add(new RowInput(input));
        }
    }

    private static OutputAdjustment<RowData> delay(ChainDescription description) {
        final long delay = description.joins[description.joins.length - 1].watermarkDelay();
        return delay == 0 ? OutputAdjustment.noAdjustment() : OutputAdjustment.delayedWatermarkOutput(delay);
    }

    @Override
    @SuppressWarnings("rawtypes")
    public List<Input> getInputs() {
        return inputs;
    }

    @Override
    public void initializeState(StateInitializationContext context) throws Exception {
        super.initializeState(context);
        FlinkVersion.require();
        time = new ChainTime(description.joins);
        keyGroups = getRuntimeContext().getTaskInfo().getMaxNumberOfParallelSubtasks();
        final List<RowFlags> flags = new ArrayList<>();
        for (int input = 0; input < inputs.size(); input++) {
            flags.add(input == 0 ? RowFlags.ofChain(last + 1) : RowFlags.NONE);
        }
        store =
                new JoinStore(
                        context,
                        new JoinStore.Place(
                                environment,
                                getOperatorConfig(),
                                getRuntimeContext(),
                                getKeyedStateBackend(),
                                getOperatorID(),
                                getUserCodeClassloader()),
                        StateHeader.of(description),
                        description.inputs(),
                        flags,
                        description.joins[0].stateOfFlinks());
    }

    @Override
    public void open() throws Exception {
        super.open();
        collector = new TimestampedCollector<>(output);
        lateRecords = metrics.counter("numLateRecords");
        lateRecordsDropped = metrics.counter("numLateRecordsDropped");
        store.measure(metrics);
        joins = new ChainJoins(description, store.sides, time, collector, buildUntil != null);
        for (JoinDescription join : description.joins) {
            join.function.setRuntimeContext(getRuntimeContext());
            join.function.open(DefaultOpenContext.INSTANCE);
        }
        if (store.ofOtherJoins) {
            joins.judgeAgain();
        }
        for (int join = 0; join < last; join++) {
            measure(join);
        }
    }

    /** The watermarks that a join before the last would have as an operator; those of the last are the operator's. */
    private void measure(int join) {
        final MetricGroup group = metrics.addGroup(description.names[join]);
        group.gauge("currentInputWatermark", (Gauge<Long>) () -> time.watermark(join));
        group.gauge("currentOutputWatermark", (Gauge<Long>) () -> time.delayed(join));
    }

    /** Moves a join's event time on: puts out what it rules a match out for, drops rows, and passes it to the next. */
    private void advance(int join) throws Exception {
        joins.putOutUnmatched(join);
        time.expire();
        for (int input = 0; input < inputs.size(); input++) {
            store.sides[input].drop(time.expired()[input]);
        }
        if (join == last) {
            output.emitWatermark(new Watermark(time.watermark(join)));
        } else if (time.update(join + 1, 0, time.delayed(join))) {
            advance(join + 1);
        }
    }

    private void idle(int join, int input, WatermarkStatus status) throws Exception {
        final boolean was = time.isIdle(join);
        if (time.updateIdle(join, input, status.isIdle())) {
            advance(join);
        }
        if (was != time.isIdle(join)) {
            if (join == last) {
                output.emitWatermarkStatus(status);
            } else {
                idle(join + 1, 0, status);
            }
        }
    }

    @Override
    public void snapshotState(StateSnapshotContext context) throws Exception {
        super.snapshotState(context);
        if (buildUntil == null) {
            // The lowest of all: what it has ruled out, the others have as well.
            store.snapshot(time.watermark(last), time.ruledOut(), time.expired());
        } else {
            final ChainTime built = ChainTime.at(description.joins, buildUntil);
            store.snapshot(buildUntil, built.ruledOut(), built.expired());
        }
    }

    @Override
    public void close() throws Exception {
        try {
            super.close();
            for (JoinDescription join : description.joins) {
                join.function.close();
            }
        } finally {
            if (store != null) {
                store.close();
            }
        }
    }

    /** One input. The key is set where the state is used, not for each record. */
    private final class RowInput extends AbstractInput<RowData, RowData> {
        private final int input;
        private final RowDataSerializer serializer;

        private RowInput(int input) {
            super(ChainedJoin.this, input + 1);
            this.input = input;
            serializer = description.inputs().get(input).type.toRowSerializer();
        }

        @Override
        public boolean hasKeyContext() {
            return false;
        }

        @Override
        @SuppressWarnings("rawtypes")
        public void setKeyContextElement(StreamRecord record) {}

        @Override
        public void processElement(StreamRecord<RowData> element) throws Exception {
            collector.setTimestamp(element);
            final BinaryRowData row = serializer.toBinaryRow(element.getValue());
            if (!store.sides[input].hasTime(row)) {
                if (input == 0) {
                    joins.putOutTimeless(row);
                }
                return;
            }
            final BinaryRowData key = (BinaryRowData) store.sides[input].keySelector.getKey(row);
            final int hash = key.hashCode();
            final int keyGroup = KeyGroupRangeAssignment.computeKeyGroupForKeyHash(hash, keyGroups);
            final long rowTime = store.sides[input].timeOf(row);
            final boolean late = rowTime <= time.watermark(Math.max(0, input - 1));
            if (late) {
                lateRecords.inc();
            }
            final boolean done = joins.process(input, row, rowTime, key, hash, keyGroup);
            store.memory.makeRoom();
            if (late && !done) {
                lateRecordsDropped.inc();
            }
        }

        @Override
        public void processWatermark(Watermark mark) throws Exception {
            if (buildUntil != null) {
                // As in EventTimeJoin: nothing is late, and nothing expires before all are here.
                return;
            }
            final int join = Math.max(0, input - 1);
            if (time.update(join, input == 0 ? 0 : 1, mark.getTimestamp())) {
                advance(join);
            }
        }

        @Override
        public void processWatermarkStatus(WatermarkStatus status) throws Exception {
            if (buildUntil != null) {
                return;
            }
            idle(Math.max(0, input - 1), input == 0 ? 0 : 1, status);
        }
    }
}
