package juncture.join;

import org.apache.flink.core.memory.ManagedMemoryUseCase;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.streaming.api.operators.AbstractUdfStreamOperator;
import org.apache.flink.streaming.api.operators.SimpleOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamOperatorFactory;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.apache.flink.table.runtime.operators.join.interval.IntervalJoinFunction;
import org.apache.flink.table.runtime.operators.join.interval.RowTimeIntervalJoin;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Finds Flink's event-time interval joins in a job, and puts Juncture's operator in their place. */
final class IntervalJoins {
    /**
     * How the operators of a slot share its managed memory. Flink's window aggregations weigh 1, and fail below 1 MiB:
     * against 128, the weight of its batch operators, they did in slots of less than 260 MiB.
     */
    static final int MEMORY_WEIGHT = 16;

    private IntervalJoins() {}

    /**
     * Replaces the joins of these uids. Keys, types, names, uids and everything around the operator stay: as the uid is
     * the interval join's, the state of one always comes to the other, which refuses it, whether or not Flink may ignore
     * state that nobody claims.
     *
     * <p>Throws IllegalStateException if one is not there as an event-time interval join.
     *
     * @param buildUntil the watermark up to which the joins only build state; null if they join.
     */
    static void replace(StreamGraph graph, Set<String> joins, Long buildUntil) {
        FlinkVersion.require();
        final Set<String> missing = new TreeSet<>(joins);
        for (StreamNode node : graph.getStreamNodes()) {
            final String uid = node.getTransformationUID();
            final JoinDescription join = describe(node);
            if (join != null && uid != null && missing.remove(uid)) {
                node.setOperatorFactory(new EventTimeJoinFactory(join, buildUntil));
                node.setManagedMemoryUseCaseWeights(Map.of(ManagedMemoryUseCase.OPERATOR, MEMORY_WEIGHT), Set.of());
            }
        }
        if (!missing.isEmpty()) {
            throw new IllegalStateException(
                    "The job has no event-time interval join with the uid "
                            + String.join(", ", missing)
                            + ", which Juncture's operator was to take over. Nothing was started. Render the job anew.");
        }
    }

    /** What a node of the graph joins; null if it is no event-time interval join in a form that the operators know. */
    static JoinDescription describe(StreamNode node) {
        final RowTimeIntervalJoin join = intervalJoin(node.getOperatorFactory());
        return join == null ? null : describe(join);
    }

    private static RowTimeIntervalJoin intervalJoin(StreamOperatorFactory<?> factory) {
        if (!(factory instanceof SimpleOperatorFactory)) {
            return null;
        }
        final Object operator = ((SimpleOperatorFactory<?>) factory).getOperator();
        if (!(operator instanceof AbstractUdfStreamOperator)) {
            return null;
        }
        final Object function = ((AbstractUdfStreamOperator<?, ?>) operator).getUserFunction();
        // With a clean-up interval, Flink's puts unmatched rows out later than the watermark asks for; ours doesn't.
        return function instanceof RowTimeIntervalJoin && (long) Fields.read(function, "minCleanUpInterval") == 0
                ? (RowTimeIntervalJoin) function
                : null;
    }

    @SuppressWarnings("unchecked")
    private static JoinDescription describe(RowTimeIntervalJoin join) {
        final FlinkJoinType type = (FlinkJoinType) Fields.read(join, "joinType");
        final IntervalJoinFunction function = (IntervalJoinFunction) Fields.read(join, "joinFunction");
        return new JoinDescription(
                new JoinDescription.SideDescription(
                        (InternalTypeInfo<RowData>) Fields.read(join, "leftType"),
                        (int) Fields.read(join, "leftTimeIdx"),
                        (long) Fields.read(join, "leftRelativeSize"),
                        type.isLeftOuter()),
                new JoinDescription.SideDescription(
                        (InternalTypeInfo<RowData>) Fields.read(join, "rightType"),
                        (int) Fields.read(join, "rightTimeIdx"),
                        (long) Fields.read(join, "rightRelativeSize"),
                        type.isRightOuter()),
                function,
                (int[]) Fields.read(function, "nullFilterKeys"));
    }
}
