package juncture.join;

import org.apache.flink.core.memory.ManagedMemoryUseCase;
import org.apache.flink.runtime.checkpoint.CheckpointOptions;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.runtime.state.memory.MemCheckpointStreamFactory;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.operators.AbstractStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.OperatorSnapshotFutures;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedMultiInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.utils.ProjectedRowData;
import org.apache.flink.table.runtime.generated.GeneratedJoinCondition;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.apache.flink.table.runtime.operators.join.KeyedCoProcessOperatorWithWatermarkDelay;
import org.apache.flink.table.runtime.operators.join.interval.IntervalJoinFunction;
import org.apache.flink.table.runtime.operators.join.interval.RowTimeIntervalJoin;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.LogicalType;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Joins one behind the other over rows of (key STRING, time BIGINT, text STRING), as one operator and as one each. A join
 * drops its own key from what it passes on.
 */
final class Chains {
    private static final InternalTypeInfo<RowData> ROW = Joins.ROW;

    /** One join: root.time BETWEEN row.time + lower AND row.time + upper, texts of the two unlike "never". */
    static final class Link {
        final FlinkJoinType type;
        final long lower;
        final long upper;
        final boolean nullsMatch;

        Link(FlinkJoinType type, long lower, long upper, boolean nullsMatch) {
            this.type = type;
            this.lower = lower;
            this.upper = upper;
            this.nullsMatch = nullsMatch;
        }

        @Override
        public String toString() {
            return type + " [" + lower + ", " + upper + "]" + (nullsMatch ? " with nulls" : "");
        }
    }

    final List<Link> links;
    private final List<InternalTypeInfo<RowData>> lefts = new ArrayList<>();
    private final List<InternalTypeInfo<RowData>> results = new ArrayList<>();
    private final List<int[]> projections = new ArrayList<>();

    Chains(Link... links) {
        this.links = List.of(links);
        InternalTypeInfo<RowData> left = ROW;
        for (Link link : links) {
            lefts.add(left);
            final List<LogicalType> types = new ArrayList<>(left.toRowType().getChildren());
            types.addAll(ROW.toRowType().getChildren());
            results.add(InternalTypeInfo.ofFields(types.toArray(new LogicalType[0])));
            final int key = left.toRowSize();
            final int[] kept = IntStream.range(0, types.size()).filter(at -> at != key).toArray();
            projections.add(kept);
            left = InternalTypeInfo.ofFields(IntStream.of(kept).mapToObj(types::get).toArray(LogicalType[]::new));
        }
    }

    @Override
    public String toString() {
        return links.toString();
    }

    ChainDescription description() {
        final JoinDescription[] joins = new JoinDescription[links.size()];
        for (int join = 0; join < joins.length; join++) {
            joins[join] = description(join);
        }
        final String[] names = IntStream.range(0, joins.length).mapToObj(join -> "Join[" + join + "]").toArray(String[]::new);
        return new ChainDescription(names, joins, projections.subList(0, joins.length - 1).toArray(new int[0][]));
    }

    private JoinDescription description(int join) {
        final Link link = links.get(join);
        return new JoinDescription(
                new JoinDescription.SideDescription(lefts.get(join), 1, -link.lower, link.type.isLeftOuter()),
                new JoinDescription.SideDescription(ROW, 1, link.upper, false),
                function(join),
                link.nullsMatch ? new int[0] : new int[] {0});
    }

    private TwoInputStreamOperator<RowData, RowData, RowData> operator(int join, boolean ours) {
        if (ours) {
            return new EventTimeJoin(null, description(join), null);
        }
        final Link link = links.get(join);
        final RowTimeIntervalJoin function =
                new RowTimeIntervalJoin(
                        link.type, link.lower, link.upper, 0L, 0L, lefts.get(join), ROW, function(join), 1, 1);
        return new KeyedCoProcessOperatorWithWatermarkDelay<>(function, function.getMaxOutputDelay());
    }

    private IntervalJoinFunction function(int join) {
        final String code =
                "public class Condition extends org.apache.flink.api.common.functions.AbstractRichFunction"
                        + " implements org.apache.flink.table.runtime.generated.JoinCondition {"
                        + " public Condition(Object[] references) {}"
                        + " public boolean apply(org.apache.flink.table.data.RowData l,"
                        + " org.apache.flink.table.data.RowData r) {"
                        + " return !l.getString(2).toString().endsWith(\"x\")"
                        + " || !r.getString(2).toString().endsWith(\"x\");"
                        + " } }";
        return new IntervalJoinFunction(
                new GeneratedJoinCondition("Condition", code, new Object[0]),
                results.get(join),
                new boolean[] {!links.get(join).nullsMatch});
    }

    static StateBackend backend(String name) {
        return name.equals("rocksdb") ? new EmbeddedRocksDBStateBackend(false) : new HashMapStateBackend();
    }

    /** All joins as one operator. */
    Fused fused(String backend, int parallelism, int subtask) throws Exception {
        return new Fused(backend, parallelism, subtask, null);
    }

    /** All joins as one operator that builds state up to this watermark. */
    Fused building(long until) throws Exception {
        return new Fused("hashmap", 1, 0, until);
    }

    /** An operator for each join: ours, or Flink's. */
    Running separate(boolean ours, String backend, int parallelism, int subtask) throws Exception {
        return new Separate(ours, backend, parallelism, subtask);
    }

    /** Joins in Flink's harness, and what they have put out. */
    abstract class Running implements AutoCloseable {
        private final int parallelism;
        private final int subtask;

        private Running(int parallelism, int subtask) {
            this.parallelism = parallelism;
            this.subtask = subtask;
        }

        /** Starts, from what `snapshot` gave, if it is not null. */
        abstract Running start(List<OperatorSubtaskState> states) throws Exception;

        /** Sends a row of an input, if the exchange before would bring it to this subtask. */
        Running row(int input, String key, long time, String text) throws Exception {
            return send(input, key, time, text);
        }

        /** As `row`, without a time. */
        Running timeless(int input, String key, String text) throws Exception {
            return send(input, key, null, text);
        }

        private Running send(int input, String key, Long time, String text) throws Exception {
            final RowData row =
                    ROW.toRowSerializer()
                            .toBinaryRow(
                                    GenericRowData.of(StringData.fromString(key), time, StringData.fromString(text)))
                            .copy();
            final RowData of = new Joins.KeyOfRow().getKey(row);
            if (KeyGroupRangeAssignment.assignKeyToParallelOperator(of, Joins.KEY_GROUPS, parallelism) == subtask) {
                process(input, time == null ? new StreamRecord<>(row) : new StreamRecord<>(row, time));
            }
            return this;
        }

        Running watermark(long time) throws Exception {
            for (int input = 0; input <= links.size(); input++) {
                watermark(input, time);
            }
            return this;
        }

        Running watermark(int input, long time) throws Exception {
            process(input, new Watermark(time));
            return this;
        }

        Running idle(int input, boolean idle) throws Exception {
            process(input, idle ? WatermarkStatus.IDLE : WatermarkStatus.ACTIVE);
            return this;
        }

        abstract void process(int input, Object element) throws Exception;

        /** The state of each operator. */
        abstract List<OperatorSubtaskState> snapshot(long id) throws Exception;

        abstract AbstractStreamOperatorTestHarness<RowData> last();

        /** What came out since the last call, sorted: rows with their timestamps, watermarks. */
        List<String> taken() {
            final List<String> texts = new ArrayList<>();
            for (Object element : last().getOutput()) {
                texts.add(element instanceof StreamRecord ? text((StreamRecord<?>) element) : element.toString());
            }
            last().getOutput().clear();
            texts.sort(null);
            return texts;
        }

        /** As `taken`, rows alone. */
        List<String> rows() {
            final List<String> texts = taken();
            texts.removeIf(text -> !text.startsWith("+"));
            return texts;
        }

        private String text(StreamRecord<?> record) {
            final InternalTypeInfo<RowData> type = results.get(links.size() - 1);
            final RowDataSerializer columns = type.toRowSerializer();
            final RowData read = columns.toBinaryRow((RowData) record.getValue());
            final StringBuilder text = new StringBuilder(read.getRowKind().shortString());
            for (int at = 0; at < columns.getArity(); at++) {
                text.append(' ')
                        .append(RowData.createFieldGetter(type.toRowType().getTypeAt(at), at).getFieldOrNull(read));
            }
            return text.toString();
        }
    }

    private static <H extends AbstractStreamOperatorTestHarness<RowData>> H prepared(H harness, String backend)
            throws Exception {
        harness.setStateBackend(backend(backend));
        harness.getStreamConfig().setManagedMemoryFractionOperatorOfUseCase(ManagedMemoryUseCase.OPERATOR, 1.0);
        harness.getStreamConfig().setStateKeySerializer(new Joins.KeyOfRow().getProducedType().toSerializer());
        harness.getStreamConfig().serializeAllConfigs();
        return harness;
    }

    /** See `Chains.fused`. */
    final class Fused extends Running {
        private final KeyedMultiInputStreamOperatorTestHarness<RowData, RowData> harness;
        private ChainedJoin operator;

        private Fused(String backend, int parallelism, int subtask, Long buildUntil) throws Exception {
            super(parallelism, subtask);
            final AbstractStreamOperatorFactory<RowData> factory =
                    new AbstractStreamOperatorFactory<>() {
                        @Override
                        @SuppressWarnings("unchecked")
                        public <T extends StreamOperator<RowData>> T createStreamOperator(
                                StreamOperatorParameters<RowData> parameters) {
                            operator = new ChainedJoinFactory(description(), buildUntil).createStreamOperator(parameters);
                            return (T) operator;
                        }

                        @Override
                        @SuppressWarnings("rawtypes")
                        public Class<? extends StreamOperator> getStreamOperatorClass(ClassLoader classLoader) {
                            return ChainedJoin.class;
                        }
                    };
            harness =
                    new KeyedMultiInputStreamOperatorTestHarness<>(factory, Joins.KEY_GROUPS, parallelism, subtask);
            for (int input = 0; input <= links.size(); input++) {
                harness.setKeySelector(input, new Joins.KeyOfRow());
            }
            prepared(harness, backend);
        }

        ChainedJoin operator() {
            return operator;
        }

        /** How many maps of key groups hold chunks. */
        long storedChunks() {
            return Joins.storedChunks(operator.getKeyedStateBackend());
        }

        @Override
        Fused start(List<OperatorSubtaskState> states) throws Exception {
            harness.setup(results.get(links.size() - 1).toSerializer());
            if (states != null) {
                harness.initializeState(states.get(0));
            }
            harness.open();
            return this;
        }

        @Override
        void process(int input, Object element) throws Exception {
            if (element instanceof Watermark) {
                harness.processWatermark(input, (Watermark) element);
            } else if (element instanceof WatermarkStatus) {
                harness.processWatermarkStatus(input, (WatermarkStatus) element);
            } else {
                harness.processElement(input, (StreamRecord<?>) element);
            }
        }

        @Override
        List<OperatorSubtaskState> snapshot(long id) throws Exception {
            return List.of(harness.snapshot(id, id));
        }

        /** What the task does of a snapshot; the rest is done beside it. */
        OperatorSnapshotFutures begin(long id) throws Exception {
            return operator.snapshotState(
                    id,
                    id,
                    CheckpointOptions.forCheckpointWithDefaultLocation(),
                    new MemCheckpointStreamFactory(1 << 20));
        }

        @Override
        AbstractStreamOperatorTestHarness<RowData> last() {
            return harness;
        }

        @Override
        public void close() throws Exception {
            harness.close();
        }
    }

    /** See `Chains.separate`. */
    private final class Separate extends Running {
        private final List<KeyedTwoInputStreamOperatorTestHarness<RowData, RowData, RowData, RowData>> harnesses =
                new ArrayList<>();

        private Separate(boolean ours, String backend, int parallelism, int subtask) throws Exception {
            super(parallelism, subtask);
            for (int join = 0; join < links.size(); join++) {
                final Joins.KeyOfRow selector = new Joins.KeyOfRow();
                harnesses.add(
                        prepared(
                                new KeyedTwoInputStreamOperatorTestHarness<>(
                                        operator(join, ours),
                                        selector,
                                        new Joins.KeyOfRow(),
                                        selector.getProducedType(),
                                        Joins.KEY_GROUPS,
                                        parallelism,
                                        subtask),
                                backend));
            }
        }

        @Override
        Running start(List<OperatorSubtaskState> states) throws Exception {
            for (int join = 0; join < links.size(); join++) {
                harnesses.get(join).setup(results.get(join).toSerializer());
                if (states != null) {
                    harnesses.get(join).initializeState(states.get(join));
                }
                harnesses.get(join).open();
            }
            return this;
        }

        @Override
        void process(int input, Object element) throws Exception {
            into(Math.max(0, input - 1), input == 0, element);
        }

        @SuppressWarnings("unchecked")
        private void into(int join, boolean left, Object element) throws Exception {
            final KeyedTwoInputStreamOperatorTestHarness<RowData, RowData, RowData, RowData> harness =
                    harnesses.get(join);
            if (element instanceof Watermark && left) {
                harness.processWatermark1((Watermark) element);
            } else if (element instanceof Watermark) {
                harness.processWatermark2((Watermark) element);
            } else if (element instanceof WatermarkStatus && left) {
                harness.processWatermarkStatus1((WatermarkStatus) element);
            } else if (element instanceof WatermarkStatus) {
                harness.processWatermarkStatus2((WatermarkStatus) element);
            } else if (left) {
                harness.processElement1((StreamRecord<RowData>) element);
            } else {
                harness.processElement2((StreamRecord<RowData>) element);
            }
            while (join < links.size() - 1 && !harness.getOutput().isEmpty()) {
                final Object passed = harness.getOutput().poll();
                into(
                        join + 1,
                        true,
                        passed instanceof StreamRecord ? projected(join, (StreamRecord<RowData>) passed) : passed);
            }
        }

        private StreamRecord<RowData> projected(int join, StreamRecord<RowData> record) {
            final RowData row = ProjectedRowData.from(projections.get(join)).replaceRow(record.getValue());
            return record.copy(lefts.get(join + 1).toRowSerializer().toBinaryRow(row).copy());
        }

        @Override
        List<OperatorSubtaskState> snapshot(long id) throws Exception {
            final List<OperatorSubtaskState> states = new ArrayList<>();
            for (KeyedTwoInputStreamOperatorTestHarness<RowData, RowData, RowData, RowData> harness : harnesses) {
                states.add(harness.snapshot(id, id));
            }
            return states;
        }

        @Override
        AbstractStreamOperatorTestHarness<RowData> last() {
            return harnesses.get(harnesses.size() - 1);
        }

        @Override
        public void close() throws Exception {
            for (KeyedTwoInputStreamOperatorTestHarness<RowData, RowData, RowData, RowData> harness : harnesses) {
                harness.close();
            }
        }
    }
}
