package juncture.join;

import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.dag.Transformation;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.graph.StreamGraph;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The environment that a program runs in, with event-time interval joins of its jobs taken over by Juncture's
 * operator: {@code StreamTableEnvironment.create(JoinEnvironment.create(configuration, joins), settings)}.
 */
public final class JoinEnvironment extends StreamExecutionEnvironment {
    /**
     * With this option, the joins build the state that they have after all that the sources read up to their end
     * points, and at this watermark, in ms of the epoch. They put out nothing, and the job stays there.
     */
    private static final ConfigOption<Long> BUILD_UNTIL =
            ConfigOptions.key("juncture.join.build-until").longType().noDefaultValue();

    private final StreamExecutionEnvironment context;
    private final Set<String> joins;
    private final Map<String, List<Number>> existenceJoins;
    private final List<JoinChain> chains;
    private final Long buildUntil;

    private JoinEnvironment(
            StreamExecutionEnvironment context,
            Set<String> joins,
            Map<String, List<Number>> existenceJoins,
            List<JoinChain> chains,
            Long buildUntil) {
        super(new Configuration((Configuration) context.getConfiguration()));
        this.context = context;
        this.joins = joins;
        this.existenceJoins = existenceJoins;
        this.chains = chains;
        this.buildUntil = buildUntil;
    }

    /**
     * @param configuration options of the job, above those of the context.
     * @param joins uids of the joins to take over. A job that lacks one of them, or has it in a form that the
     *     operator does not know, fails with an IllegalStateException when it is started.
     * @param existenceJoins by uid, semi and anti joins to take over likewise: the columns of the event times, of the
     *     left and the right input, and the least and the most milliseconds that the left time may exceed the right.
     * @param chains joins, not among the others, that are taken over together. Each is a list of joins one behind the
     *     other, and each of these a list of its uid and of the columns, as a list of positions, in which the result of
     *     the join before is its left side; null for all of them, as of the first one. A chain that the job does not
     *     have in this form fails likewise.
     */
    public static JoinEnvironment create(
            Configuration configuration,
            Collection<String> joins,
            Map<String, List<Number>> existenceJoins,
            Collection<List<List<Object>>> chains) {
        FlinkVersion.require();
        return new JoinEnvironment(
                getExecutionEnvironment(configuration),
                Set.copyOf(joins),
                Map.copyOf(existenceJoins),
                chains.stream().map(JoinChain::of).collect(Collectors.toList()),
                configuration.getOptional(BUILD_UNTIL).orElse(null));
    }

    @Override
    public StreamGraph generateStreamGraph(List<Transformation<?>> transformations) {
        final StreamGraph graph = super.generateStreamGraph(transformations);
        IntervalJoins.replace(graph, joins, buildUntil);
        ExistenceJoins.replace(graph, existenceJoins, buildUntil);
        for (JoinChain chain : chains) {
            chain.replace(graph, buildUntil);
        }
        if (buildUntil != null) {
            OpenSources.keepOpen(graph);
        }
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
