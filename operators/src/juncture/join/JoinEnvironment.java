package juncture.join;

import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.dag.Transformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;

import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * The environment that a program runs in, with event-time interval joins of its jobs taken over by Juncture's
 * operator: {@code StreamTableEnvironment.create(JoinEnvironment.create(configuration, joins), settings)}.
 */
public final class JoinEnvironment extends StreamExecutionEnvironment {
    private final StreamExecutionEnvironment context;
    private final Set<String> joins;

    private JoinEnvironment(StreamExecutionEnvironment context, Set<String> joins) {
        super(new Configuration((Configuration) context.getConfiguration()));
        this.context = context;
        this.joins = joins;
    }

    /**
     * @param configuration options of the job, above those of the context.
     * @param joins uids of the joins to take over. A job that lacks one of them, or has it in a form that the
     *     operator does not know, fails with an IllegalStateException when it is started.
     */
    public static JoinEnvironment create(Configuration configuration, Collection<String> joins) {
        FlinkVersion.require();
        return new JoinEnvironment(getExecutionEnvironment(configuration), Set.copyOf(joins));
    }

    @Override
    public StreamGraph generateStreamGraph(List<Transformation<?>> transformations) {
        final StreamGraph graph = super.generateStreamGraph(transformations);
        IntervalJoins.replace(graph, joins);
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
