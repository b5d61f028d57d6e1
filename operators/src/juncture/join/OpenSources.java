package juncture.join;

import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.streaming.api.operators.SourceOperatorFactory;

/**
 * Lets Kafka sources stop at their end points without coming to an end, which would end event time, and with it the job.
 *
 * <p>The connector has that as `KafkaSourceBuilder.setUnbounded(stoppingOffsets)`, but its tables don't.
 */
final class OpenSources {
    private OpenSources() {}

    /** @throws IllegalStateException if a bounded source is not Kafka's. */
    static void keepOpen(StreamGraph graph) {
        for (StreamNode node : graph.getStreamNodes()) {
            if (node.getOperatorFactory() instanceof SourceOperatorFactory) {
                final Source<?, ?, ?> source = (Source<?, ?, ?>) Fields.read(node.getOperatorFactory(), "source");
                if (source.getBoundedness() == Boundedness.BOUNDED) {
                    Fields.write(source, "boundedness", Boundedness.CONTINUOUS_UNBOUNDED);
                }
            }
        }
    }
}
