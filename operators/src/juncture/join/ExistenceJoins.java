package juncture.join;

import org.apache.flink.core.memory.ManagedMemoryUseCase;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.streaming.api.operators.SimpleOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamOperatorFactory;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.generated.GeneratedJoinCondition;
import org.apache.flink.table.runtime.operators.join.stream.StreamingSemiAntiJoinOperator;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeFamily;
import org.apache.flink.table.types.logical.utils.LogicalTypeChecks;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Finds Flink's semi and anti joins in a job, and puts Juncture's operator in their place. */
final class ExistenceJoins {
    /** Of times that are a long in a row. */
    private static final int MOST_DIGITS = 3;

    private ExistenceJoins() {}

    /**
     * Replaces the joins of these uids, as `IntervalJoins` does. Flink's operators know nothing of time: who names them
     * has read in the plan which columns are the event times of appended rows, and within which bounds they match.
     *
     * <p>Throws IllegalStateException if one is not there as a semi or anti join with such columns.
     *
     * @param joins by uid: the columns of the times, left and right, and the bounds of the left time less the right.
     * @param buildUntil as in `IntervalJoins`.
     */
    static void replace(StreamGraph graph, Map<String, List<Number>> joins, Long buildUntil) {
        FlinkVersion.require();
        final Set<String> missing = new TreeSet<>(joins.keySet());
        for (StreamNode node : graph.getStreamNodes()) {
            final String uid = node.getTransformationUID();
            final StreamingSemiAntiJoinOperator join = existenceJoin(node.getOperatorFactory());
            if (join != null && uid != null && missing.remove(uid)) {
                node.setOperatorFactory(new EventTimeJoinFactory(describe(join, joins.get(uid)), buildUntil));
                node.setManagedMemoryUseCaseWeights(
                        Map.of(ManagedMemoryUseCase.OPERATOR, IntervalJoins.MEMORY_WEIGHT), Set.of());
            }
        }
        if (!missing.isEmpty()) {
            throw new IllegalStateException(
                    "The job has no semi or anti join with the uid "
                            + String.join(", ", missing)
                            + ", which Juncture's operator was to take over. Nothing was started. Render the job anew.");
        }
    }

    private static StreamingSemiAntiJoinOperator existenceJoin(StreamOperatorFactory<?> factory) {
        if (!(factory instanceof SimpleOperatorFactory)) {
            return null;
        }
        final Object operator = ((SimpleOperatorFactory<?>) factory).getOperator();
        return operator instanceof StreamingSemiAntiJoinOperator ? (StreamingSemiAntiJoinOperator) operator : null;
    }

    private static ExistenceDescription describe(StreamingSemiAntiJoinOperator join, List<Number> bounds) {
        return new ExistenceDescription(
                new JoinDescription.SideDescription(
                        type(join, "leftType", bounds.get(0)),
                        bounds.get(0).intValue(),
                        -bounds.get(2).longValue(),
                        (boolean) Fields.read(join, "isAntiJoin"),
                        JoinDescription.Matches.FIRST),
                new JoinDescription.SideDescription(
                        type(join, "rightType", bounds.get(1)),
                        bounds.get(1).intValue(),
                        bounds.get(3).longValue(),
                        false,
                        JoinDescription.Matches.ANY),
                (GeneratedJoinCondition) Fields.read(join, "generatedJoinCondition"),
                (boolean[]) Fields.read(join, "filterNullKeys"));
    }

    /** The type of an input whose column `time` is a timestamp in milliseconds. */
    @SuppressWarnings("unchecked")
    private static InternalTypeInfo<RowData> type(
            StreamingSemiAntiJoinOperator join, String field, Number time) {
        final InternalTypeInfo<RowData> type = (InternalTypeInfo<RowData>) Fields.read(join, field);
        final LogicalType column = type.toRowType().getTypeAt(time.intValue());
        if (!column.is(LogicalTypeFamily.TIMESTAMP) || LogicalTypeChecks.getPrecision(column) > MOST_DIGITS) {
            throw new IllegalStateException(
                    "A semi or anti join compares times of the type "
                            + column.asSummaryString()
                            + ", which Juncture's operator does not take. Nothing was started. Render the job anew.");
        }
        return type;
    }
}
