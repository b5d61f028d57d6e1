package juncture.join;

import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.generated.GeneratedJoinCondition;
import org.apache.flink.table.runtime.operators.join.interval.IntervalJoinFunction;

import java.util.stream.IntStream;

/** A semi join, whose results are the left rows that have a match, or an anti join, of those that have none. */
final class ExistenceDescription extends JoinDescription {
    private static final long serialVersionUID = 1L;

    /**
     * @param left a row's first match counts; outer, if it is an anti join.
     * @param right any match counts.
     * @param condition evaluates the whole condition but the keys; the bounds are in it, too.
     * @param filterNulls for each column of the key, whether a null there never matches.
     */
    ExistenceDescription(
            SideDescription left, SideDescription right, GeneratedJoinCondition condition, boolean[] filterNulls) {
        super(
                left,
                right,
                new IntervalJoinFunction(condition, left.type, filterNulls),
                IntStream.range(0, filterNulls.length).filter(at -> filterNulls[at]).toArray());
    }

    @Override
    EventTimeJoin operator(StreamOperatorParameters<RowData> parameters, Long buildUntil) {
        return new ExistenceJoin(parameters, this, buildUntil);
    }

    @Override
    String stateOfFlinks() {
        return "left-records";
    }

    @Override
    long firstWatermark() {
        return Long.MIN_VALUE;
    }

    /** Left rows alone come out. */
    @Override
    long watermarkDelay() {
        return Math.max(0, left.retention);
    }
}
