package juncture.join;

import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.operators.join.interval.IntervalJoinFunction;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;

import java.io.Serializable;

/**
 * What the planner decided about an event-time interval join: {@code left.time BETWEEN right.time -
 * leftRetention AND right.time + rightRetention}, in milliseconds.
 */
class JoinDescription implements Serializable {
    private static final long serialVersionUID = 1L;

    final SideDescription left;
    final SideDescription right;

    /** Evaluates what the condition says beyond keys and time, and makes the result's row. */
    final IntervalJoinFunction function;

    /** The positions in the key at which a null never matches; none are listed for IS NOT DISTINCT FROM. */
    final int[] nullFilteredKeys;

    JoinDescription(
            SideDescription left, SideDescription right, IntervalJoinFunction function, int[] nullFilteredKeys) {
        this.left = left;
        this.right = right;
        this.function = function;
        this.nullFilteredKeys = nullFilteredKeys;
    }

    /** The operator that joins so; see it for `buildUntil`. */
    EventTimeJoin operator(StreamOperatorParameters<RowData> parameters, Long buildUntil) {
        return new EventTimeJoin(parameters, this, buildUntil);
    }

    /** The name of a state of Flink's operator for this join, a map. */
    String stateOfFlinks() {
        return "IntervalJoinLeftCache";
    }

    /** What the watermark is taken to be before the first: to Flink's interval join it is 1970. */
    long firstWatermark() {
        return 0;
    }

    /** By how much the result's watermark is behind the operator's. */
    long watermarkDelay() {
        return Math.max(left.retention, right.retention);
    }

    /** What becomes of the matches of a row of the other side with rows of this one. */
    enum Matches {
        /** Each is a result. */
        ALL,
        /** A row's first is a result, and it has no other. */
        FIRST,
        /** One of them is enough. */
        ANY
    }

    /** One input of the join. */
    static final class SideDescription implements Serializable {
        private static final long serialVersionUID = 1L;

        final InternalTypeInfo<RowData> type;
        final int timeIndex;

        /** A row is needed until the watermark is this much past its time, in milliseconds; may be negative. */
        final long retention;

        /** Whether rows without a match are results. */
        final boolean outer;

        final Matches matches;

        SideDescription(InternalTypeInfo<RowData> type, int timeIndex, long retention, boolean outer) {
            this(type, timeIndex, retention, outer, Matches.ALL);
        }

        SideDescription(
                InternalTypeInfo<RowData> type, int timeIndex, long retention, boolean outer, Matches matches) {
            this.type = type;
            this.timeIndex = timeIndex;
            this.retention = retention;
            this.outer = outer;
            this.matches = matches;
        }

        /** Rows up to this time can't match anything that is not late; before the first watermark there are none. */
        long expiration(long watermark) {
            if (watermark == Long.MIN_VALUE || watermark == Long.MAX_VALUE) {
                return watermark;
            }
            final long expired = watermark - retention - 1;
            // Beyond all times: a join before holds the end of event time back by less than rows go early here.
            return retention < 0 && expired < watermark ? Long.MAX_VALUE : expired;
        }
    }
}
