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

    @Override
    public void processElement1(StreamRecord<RowData> element) throws Exception {
        requireAppended(element);
        super.processElement1(element);
    }

    @Override
    public void processElement2(StreamRecord<RowData> element) throws Exception {
        requireAppended(element);
        super.processElement2(element);
    }

    /** @throws RuntimeException that no restart follows, if the row is none: no state could make it right. */
    private static void requireAppended(StreamRecord<RowData> element) {
        if (element.getValue().getRowKind() != RowKind.INSERT) {
            throw StateHeader.refusal(
                    "EXISTS runs on Juncture's event join, which joins appended rows, and an update or a delete came."
                            + " Nothing came of it. Write `join_strategy: flink` in the job, and start without this"
                            + " state.");
        }
    }
}
