package juncture.join;

import org.apache.flink.core.memory.ManagedMemoryUseCase;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.runtime.watermarkstatus.WatermarkStatus;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.data.writer.BinaryRowWriter;
import org.apache.flink.table.runtime.generated.GeneratedJoinCondition;
import org.apache.flink.table.runtime.keyselector.RowDataKeySelector;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.apache.flink.table.runtime.operators.join.KeyedCoProcessOperatorWithWatermarkDelay;
import org.apache.flink.table.runtime.operators.join.interval.IntervalJoinFunction;
import org.apache.flink.table.runtime.operators.join.interval.RowTimeIntervalJoin;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.VarCharType;
import org.apache.flink.table.types.logical.utils.LogicalTypeParser;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Both operators, ours and Flink's, over rows of (key STRING, time BIGINT, ..., text STRING). */
final class Joins {
    static final int KEY_GROUPS = 8;

    /** The columns of both sides, as long as a test does not give the left side others. */
    static final InternalTypeInfo<RowData> ROW = columns("key STRING", "time BIGINT", "text STRING");

    /** left.time BETWEEN right.time + lower AND right.time + upper, texts unlike "never". */
    final FlinkJoinType type;

    final long lower;
    final long upper;
    final boolean nullsMatch;
    private final InternalTypeInfo<RowData> left;
    private final InternalTypeInfo<RowData> result;

    Joins(FlinkJoinType type, long lower, long upper, boolean nullsMatch) {
        this(type, lower, upper, nullsMatch, ROW);
    }

    private Joins(
            FlinkJoinType type, long lower, long upper, boolean nullsMatch, InternalTypeInfo<RowData> left) {
        this.type = type;
        this.lower = lower;
        this.upper = upper;
        this.nullsMatch = nullsMatch;
        this.left = left;
        result = Existence.isOf(type)
                ? left
                : InternalTypeInfo.ofFields(
                        Stream.concat(left.toRowType().getChildren().stream(), ROW.toRowType().getChildren().stream())
                                .toArray(LogicalType[]::new));
    }

    /** The same join with left rows of these columns; the first is the key, the second the time, the last the text. */
    Joins withLeft(String... columns) {
        return new Joins(type, lower, upper, nullsMatch, columns(columns));
    }

    /** A type from texts like "key STRING" and "amount INT NOT NULL". */
    private static InternalTypeInfo<RowData> columns(String... columns) {
        final LogicalType[] types = new LogicalType[columns.length];
        final String[] names = new String[columns.length];
        for (int at = 0; at < columns.length; at++) {
            final String[] parts = columns[at].split(" ", 2);
            names[at] = parts[0];
            types[at] = LogicalTypeParser.parse(parts[1], Joins.class.getClassLoader());
        }
        return InternalTypeInfo.of(RowType.of(types, names));
    }

    JoinDescription description() {
        if (Existence.isOf(type)) {
            return new Existence(this, left).description();
        }
        return new JoinDescription(
                new JoinDescription.SideDescription(left, 1, -lower, type.isLeftOuter()),
                new JoinDescription.SideDescription(ROW, 1, upper, type.isRightOuter()),
                function(),
                nullsMatch ? new int[0] : new int[] {0});
    }

    Running ours() throws Exception {
        return running(description().operator(null, null));
    }

    /** Ours, while it builds state up to a watermark. */
    Running building(long until) throws Exception {
        return running(new EventTimeJoin(null, description(), until));
    }

    Running running(TwoInputStreamOperator<RowData, RowData, RowData> operator) throws Exception {
        return new Running(operator, 1, 0);
    }

    Running ours(int parallelism, int subtask) throws Exception {
        return new Running(description().operator(null, null), parallelism, subtask);
    }

    Running flinks() throws Exception {
        return flinks(1, 0);
    }

    Running flinks(int parallelism, int subtask) throws Exception {
        if (Existence.isOf(type)) {
            return new Running(new Existence(this, left).flinks(), parallelism, subtask);
        }
        final RowTimeIntervalJoin join =
                new RowTimeIntervalJoin(type, lower, upper, 0L, 0L, left, ROW, function(), 1, 1);
        return new Running(
                new KeyedCoProcessOperatorWithWatermarkDelay<>(join, join.getMaxOutputDelay()), parallelism, subtask);
    }

    /** The messages of an error and all its causes. */
    static String messages(Throwable error) {
        return error == null ? "" : error.getMessage() + "\n" + messages(error.getCause());
    }

    static long storedChunks(KeyedStateBackend<RowData> backend) {
        return IntStream.range(0, ChunkState.STRIPES)
                .mapToLong(stripe -> backend.getKeys(ChunkState.rowsState(stripe), VoidNamespace.INSTANCE).count())
                .sum();
    }

    private IntervalJoinFunction function() {
        return new IntervalJoinFunction(condition("true"), result, new boolean[] {!nullsMatch});
    }

    /** Texts unlike "never", and what more must hold of the rows l and r, in Java. */
    GeneratedJoinCondition condition(String more) {
        final String code =
                "public class Condition extends org.apache.flink.api.common.functions.AbstractRichFunction"
                        + " implements org.apache.flink.table.runtime.generated.JoinCondition {"
                        + " public Condition(Object[] references) {}"
                        + " public boolean apply(org.apache.flink.table.data.RowData l,"
                        + " org.apache.flink.table.data.RowData r) {"
                        + " return (" + more + ") && (!l.getString(" + (left.toRowSize() - 1) + ").toString().endsWith(\"x\")"
                        + " || !r.getString(2).toString().endsWith(\"x\"));"
                        + " } }";
        return new GeneratedJoinCondition("Condition", code, new Object[0]);
    }

    private static RowData row(InternalTypeInfo<RowData> type, String key, Long time, String extra, String text) {
        final GenericRowData row = new GenericRowData(type.toRowSize());
        for (int at = 2; at < row.getArity() - 1; at++) {
            row.setField(at, StringData.fromString(extra));
        }
        row.setField(0, StringData.fromString(key));
        row.setField(1, time);
        row.setField(row.getArity() - 1, StringData.fromString(text));
        return type.toRowSerializer().toBinaryRow(row).copy();
    }

    /** An operator in Flink's harness, and what it has put out. */
    final class Running implements AutoCloseable {
        private final KeyedTwoInputStreamOperatorTestHarness<RowData, RowData, RowData, RowData> harness;
        private long watermark;
        private String extra;
        private final int parallelism;
        private final int subtask;

        private Running(TwoInputStreamOperator<RowData, RowData, RowData> operator, int parallelism, int subtask)
                throws Exception {
            this.parallelism = parallelism;
            this.subtask = subtask;
            final KeyOfRow selector = new KeyOfRow();
            harness =
                    new KeyedTwoInputStreamOperatorTestHarness<>(
                            operator, selector, new KeyOfRow(), selector.getProducedType(), KEY_GROUPS, parallelism, subtask);
            harness.getStreamConfig()
                    .setManagedMemoryFractionOperatorOfUseCase(ManagedMemoryUseCase.OPERATOR, 1.0);
            harness.getStreamConfig().serializeAllConfigs();
        }

        /** What the columns of left rows between time and text have from now on. */
        Running extra(String value) {
            extra = value;
            return this;
        }

        Running on(StateBackend backend) {
            harness.setStateBackend(backend);
            return this;
        }

        Running start() throws Exception {
            harness.setup(result.toSerializer());
            harness.open();
            return this;
        }

        Running startFrom(OperatorSubtaskState state) throws Exception {
            harness.setup(result.toSerializer());
            harness.initializeState(state);
            harness.open();
            return this;
        }

        Running left(String key, long time, String text) throws Exception {
            final RowData row = row(left, key, time, extra, text);
            if (isMine(row)) {
                harness.processElement1(new StreamRecord<>(row, time));
            }
            return this;
        }

        Running right(String key, long time, String text) throws Exception {
            final RowData row = row(ROW, key, time, null, text);
            if (isMine(row)) {
                harness.processElement2(new StreamRecord<>(row, time));
            }
            return this;
        }

        /** Rows of both sides of this key, without a time. */
        Running timeless(String key, String text) throws Exception {
            harness.processElement1(new StreamRecord<>(row(left, key, null, extra, text)));
            harness.processElement2(new StreamRecord<>(row(ROW, key, null, null, text)));
            return this;
        }

        Running watermark(long time) throws Exception {
            watermark = time;
            harness.processBothWatermarks(new Watermark(time));
            return this;
        }

        /** The watermark of one input alone; of the left one, if `first`. */
        Running watermark(boolean first, long time) throws Exception {
            if (first) {
                harness.processWatermark1(new Watermark(time));
            } else {
                harness.processWatermark2(new Watermark(time));
            }
            return this;
        }

        /** Whether an input waits for rows, so that the other's watermark counts alone. */
        Running idle(boolean first, boolean idle) throws Exception {
            final WatermarkStatus status = idle ? WatermarkStatus.IDLE : WatermarkStatus.ACTIVE;
            if (first) {
                harness.processWatermarkStatus1(status);
            } else {
                harness.processWatermarkStatus2(status);
            }
            return this;
        }

        /** The last watermark. */
        long reached() {
            return watermark;
        }

        OperatorSubtaskState snapshot(long id) throws Exception {
            return harness.snapshot(id, id);
        }

        EventTimeJoin operator() {
            return (EventTimeJoin) harness.getOperator();
        }

        /** How many maps of key groups hold chunks. */
        long storedChunks() {
            return Joins.storedChunks(harness.getOperator().getKeyedStateBackend());
        }

        /** Whether the older row of a result was out of time when it was put out. */
        boolean isExpired(String result) {
            final String[] columns = result.split(" ");
            return Long.parseLong(columns[2]) + 5000 < watermark || Long.parseLong(columns[5]) + 2000 < watermark;
        }

        /** What came out since the last call, sorted: rows with their timestamps, watermarks. */
        List<String> taken() {
            final List<String> texts = new ArrayList<>();
            for (Object element : harness.getOutput()) {
                texts.add(element instanceof StreamRecord ? text((StreamRecord<?>) element) : element.toString());
            }
            harness.getOutput().clear();
            texts.sort(null);
            return texts;
        }

        @Override
        public void close() throws Exception {
            harness.close();
        }

        /** The exchange before the operator would bring it to this subtask. */
        private boolean isMine(RowData row) {
            final RowData key = new KeyOfRow().getKey(row);
            return KeyGroupRangeAssignment.assignKeyToParallelOperator(key, KEY_GROUPS, parallelism) == subtask;
        }

        private String text(StreamRecord<?> record) {
            final RowData row = (RowData) record.getValue();
            final StringBuilder text = new StringBuilder(row.getRowKind().shortString());
            final RowDataSerializer columns = result.toRowSerializer();
            final RowData read = columns.toBinaryRow(row);
            for (int at = 0; at < columns.getArity(); at++) {
                final Object value =
                        RowData.createFieldGetter(result.toRowType().getTypeAt(at), at).getFieldOrNull(read);
                text.append(' ').append(value);
            }
            return text.toString();
        }
    }

    /** The key of a row, as the planner's generated selector gives it. */
    static final class KeyOfRow implements RowDataKeySelector {
        private static final long serialVersionUID = 1L;

        @Override
        public RowData getKey(RowData row) {
            final BinaryRowData key = new BinaryRowData(1);
            final BinaryRowWriter writer = new BinaryRowWriter(key);
            if (row.isNullAt(0)) {
                writer.setNullAt(0);
            } else {
                writer.writeString(0, row.getString(0));
            }
            writer.complete();
            return key;
        }

        @Override
        public InternalTypeInfo<RowData> getProducedType() {
            return InternalTypeInfo.ofFields(VarCharType.STRING_TYPE);
        }

        @Override
        public RowDataKeySelector copy() {
            return new KeyOfRow();
        }
    }
}
