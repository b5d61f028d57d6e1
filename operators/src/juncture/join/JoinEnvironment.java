package juncture.join;

import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.dag.Transformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;

import java.util.List;

/**
 * The environment that a program runs in, with the event-time interval joins of its jobs taken over by Juncture's
 * operator: {@code StreamTableEnvironment.create(JoinEnvironment.create(configuration), settings)}.
 */
public final class JoinEnvironment extends StreamExecutionEnvironment {
    private final StreamExecutionEnvironment context;

    private JoinEnvironment(StreamExecutionEnvironment context) {
        super(new Configuration((Configuration) context.getConfiguration()));
        this.context = context;
    }

    /** @param configuration options of the job, above those of the context. */
    public static JoinEnvironment create(Configuration configuration) {
        return new JoinEnvironment(getExecutionEnvironment(configuration));
    }

    @Override
    public StreamGraph generateStreamGraph(List<Transformation<?>> transformations) {
        final StreamGraph graph = super.generateStreamGraph(transformations);
        IntervalJoins.replace(graph);
        return graph;
    }

    @Override
    public JobClient executeAsync(StreamGraph graph) throws Exception {
        context.configure(getConfiguration());
        return context.executeAsync(graph);
    }

    @Override
    public JobExecutionResult execute(StreamGraph graph) throws Exception {
        context.configure(getConfiguration());
        return context.execute(graph);
    }
}
