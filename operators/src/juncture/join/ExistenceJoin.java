package juncture.join;

import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.RowKind;

/**
 * Puts out each left row once: with its first match, or, of an anti join, with the watermark that rules a match out.
 *
 * <p>Left rows are kept as long as they have no match, right rows until their time is out.
 */
final class ExistenceJoin extends EventTimeJoin {
    private static final long serialVersionUID = 1L;

    private final ExistenceDescription description;

    ExistenceJoin(
            StreamOperatorParameters<RowData> parameters, ExistenceDescription description, Long buildUntil) {
        super(parameters, description, buildUntil);
        this.description = description;
    }

    @Override
    RowData unmatchedLeft(RowData row) {
        return row;
    }

    @Override
    void join(RowData left, RowData pair) {
        if (!description.left.outer) {
            emit(left);
        }
    }

    /** The bounds hold of no row without a time: an anti join has its result at once. */
    @Override
    public void processElement1(StreamRecord<RowData> element) throws Exception {
        final RowData row = appended(element);
        if (!row.isNullAt(description.left.timeIndex)) {
            super.processElement1(element);
        } else if (description.left.outer) {
            collector.setTimestamp(element);
            emit(row);
        }
    }

    @Override
    public void processElement2(StreamRecord<RowData> element) throws Exception {
        if (!appended(element).isNullAt(description.right.timeIndex)) {
            super.processElement2(element);
        }
    }

    /** @throws RuntimeException that no restart follows, if the row is none: no state could make it right. */
    private static RowData appended(StreamRecord<RowData> element) {
        final RowData row = element.getValue();
        if (row.getRowKind() != RowKind.INSERT) {
            throw StateHeader.refusal(
                    "EXISTS runs on Juncture's event join, which joins appended rows, and an update or a delete came."
                            + " Nothing came of it. Write `join_strategy: flink` in the job, and start without this"
                            + " state.");
        }
        return row;
    }
}
