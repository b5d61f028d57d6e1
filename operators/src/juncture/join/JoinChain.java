package juncture.join;

import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.core.memory.ManagedMemoryUseCase;
import org.apache.flink.streaming.api.graph.StreamEdge;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.streaming.runtime.partitioner.KeyGroupStreamPartitioner;
import org.apache.flink.streaming.runtime.tasks.MultipleInputStreamTask;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Joins of a job one behind the other, which one operator takes over. It has the place, the uid and the name of the last
 * one, so that the state of that join always comes to it, and its own to that join: each refuses the other's.
 */
final class JoinChain {
    private final List<String> uids = new ArrayList<>();

    /** Of each join but the first. */
    private final List<int[]> projections = new ArrayList<>();

    private JoinChain() {}

    /** Of what `JoinEnvironment.create` is given. */
    static JoinChain of(List<List<Object>> joins) {
        final JoinChain chain = new JoinChain();
        for (List<Object> join : joins) {
            if (!chain.uids.isEmpty()) {
                final List<?> columns = (List<?>) join.get(1);
                chain.projections.add(
                        columns == null
                                ? null
                                : columns.stream().mapToInt(column -> ((Number) column).intValue()).toArray());
            }
            chain.uids.add((String) join.get(0));
        }
        return chain;
    }

    /**
     * Throws IllegalStateException if the job does not have the joins like this.
     *
     * @param buildUntil as in `IntervalJoins`; of inner joins alone.
     */
    void replace(StreamGraph graph, Long buildUntil) {
        final List<StreamNode> nodes =
                uids.stream().map(uid -> find(graph, uid)).collect(Collectors.toList());
        final StreamNode last = nodes.get(nodes.size() - 1);
        final JoinDescription[] joins = new JoinDescription[nodes.size()];
        final List<StreamNode> gone = new ArrayList<>();
        for (int number = 0; number < joins.length; number++) {
            final StreamNode node = nodes.get(number);
            joins[number] = IntervalJoins.describe(node);
            require(joins[number] != null, "is no event-time interval join", node);
            require(!joins[number].right.outer, "puts out unmatched rows of its right side", node);
            // Each join has ruled out matches by a watermark of its own, and one is told.
            require(buildUntil == null || !joins[number].left.outer, "puts out unmatched rows", node);
            require(node.getParallelism() == last.getParallelism(), "has another parallelism than the last", node);
            require(node.getStateKeySerializer().equals(last.getStateKeySerializer()), "has another key", node);
            if (number > 0) {
                gone.add(nodes.get(number - 1));
                gone.addAll(between(graph, nodes.get(number - 1), node, projections.get(number - 1)));
            }
        }
        final List<StreamEdge> added = new ArrayList<>();
        final List<TypeSerializer<?>> serializers = new ArrayList<>();
        final List<KeySelector<?, ?>> selectors = new ArrayList<>();
        for (int input = 0; input <= joins.length; input++) {
            final StreamNode node = nodes.get(Math.max(0, input - 1));
            final int side = input == 0 ? 0 : 1;
            serializers.add(node.getTypeSerializersIn()[side]);
            selectors.add(node.getStatePartitioners()[side]);
            for (StreamEdge edge : edges(node, side)) {
                added.add(moved(graph, edge, last, input + 1, added.size()));
            }
        }
        last.getInEdges().clear();
        added.forEach(last::addInEdge);
        last.setSerializersIn(serializers.toArray(new TypeSerializer<?>[0]));
        last.setStatePartitioners(selectors.toArray(new KeySelector<?, ?>[0]));
        final String[] names = nodes.stream().map(StreamNode::getOperatorName).toArray(String[]::new);
        last.setOperatorFactory(
                new ChainedJoinFactory(
                        new ChainDescription(names, joins, projections.toArray(new int[0][])), buildUntil));
        last.setManagedMemoryUseCaseWeights(
                Map.of(ManagedMemoryUseCase.OPERATOR, IntervalJoins.MEMORY_WEIGHT * joins.length), Set.of());
        Fields.write(last, "jobVertexClass", MultipleInputStreamTask.class);
        graph.getStreamNodes().removeAll(gone);
    }

    private StreamNode find(StreamGraph graph, String uid) {
        return graph.getStreamNodes().stream()
                .filter(node -> uid.equals(node.getTransformationUID()))
                .findAny()
                .orElseThrow(() -> refused("the job has no operator with the uid " + uid));
    }

    /** What is between two joins: nothing, or an operator that projects columns. */
    private List<StreamNode> between(StreamGraph graph, StreamNode before, StreamNode after, int[] projection) {
        final List<StreamNode> found = new ArrayList<>();
        final StreamEdge edge = only(edges(after, 0), after);
        require(edge.getPartitioner() instanceof KeyGroupStreamPartitioner, "is not fed by key", after);
        StreamNode node = graph.getStreamNode(edge.getSourceId());
        if (projection != null) {
            found.add(node);
            node = graph.getStreamNode(only(node.getInEdges(), node).getSourceId());
        }
        require(node == before, "does not follow the join before it", after);
        only(before.getOutEdges(), before);
        found.forEach(each -> only(each.getOutEdges(), each));
        return found;
    }

    private StreamEdge only(List<StreamEdge> edges, StreamNode node) {
        require(edges.size() == 1, "has more than one edge to or from the next", node);
        return edges.get(0);
    }

    /** The edges of one side of a join; a union has several. */
    private static List<StreamEdge> edges(StreamNode node, int side) {
        return node.getInEdges().stream()
                .filter(edge -> edge.getTypeNumber() == side + 1)
                .collect(Collectors.toList());
    }

    /** The edge as one to another node, in the place of the old one among those of its source. */
    private static StreamEdge moved(StreamGraph graph, StreamEdge edge, StreamNode target, int input, int unique) {
        final StreamNode source = graph.getStreamNode(edge.getSourceId());
        final StreamEdge moved =
                new StreamEdge(
                        source,
                        target,
                        input,
                        edge.getBufferTimeout(),
                        edge.getPartitioner(),
                        edge.getOutputTag(),
                        edge.getExchangeMode(),
                        unique,
                        edge.getIntermediateDatasetIdToProduce());
        source.getOutEdges().set(source.getOutEdges().indexOf(edge), moved);
        return moved;
    }

    private void require(boolean holds, String otherwise, StreamNode node) {
        if (!holds) {
            throw refused(node.getTransformationUID() + " " + otherwise);
        }
    }

    private IllegalStateException refused(String reason) {
        return new IllegalStateException(
                "Juncture's operator was to take over "
                        + String.join(", ", uids)
                        + " as a chain, but "
                        + reason
                        + ". Nothing was started. Render the job anew.");
    }
}
