package bench;

import bench.Events.Client;
import bench.Events.Row;
import bench.Events.Server;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.samza.application.StreamApplication;
import org.apache.samza.application.descriptors.StreamApplicationDescriptor;
import org.apache.samza.config.MapConfig;
import org.apache.samza.context.ExternalContext;
import org.apache.samza.operators.functions.JoinFunction;
import org.apache.samza.runtime.LocalApplicationRunner;
import org.apache.samza.runtime.ProcessorLifecycleListener;
import org.apache.samza.serializers.JsonSerdeV2;
import org.apache.samza.serializers.StringSerde;
import org.apache.samza.system.SystemStreamMetadata.OffsetType;
import org.apache.samza.system.kafka.descriptors.KafkaSystemDescriptor;

/**
 * The join of Samza's high-level API, standalone, which keeps the last message of a key on each side:
 * {@code SamzaJoin BOOTSTRAP SERVER CLIENT RESULT STATE_DIR THREADS STATE_MB COMMIT_MS WINDOW_MS TTL_MS}.
 */
public final class SamzaJoin implements StreamApplication {
    private final String[] arguments;

    private SamzaJoin(String[] arguments) {
        this.arguments = arguments;
    }

    /** Pairs by the key; whether the times fit is seen after it. */
    static final class Pair implements JoinFunction<String, Server, Client, Row> {
        private static final long serialVersionUID = 1L;

        @Override
        public Row apply(Server server, Client client) {
            return new Row(server, client);
        }

        @Override
        public String getFirstKey(Server server) {
            return server.requestId;
        }

        @Override
        public String getSecondKey(Client client) {
            return client.requestId;
        }
    }

    @Override
    public void describe(StreamApplicationDescriptor app) {
        long window = Long.parseLong(arguments[8]);
        JsonSerdeV2<Server> servers = new JsonSerdeV2<>(Server.class);
        JsonSerdeV2<Client> clients = new JsonSerdeV2<>(Client.class);
        KafkaSystemDescriptor kafka =
                new KafkaSystemDescriptor("kafka")
                        .withConsumerZkConnect(List.of("127.0.0.1:1"))
                        .withProducerBootstrapServers(List.of(arguments[0]))
                        .withDefaultStreamOffsetDefault(OffsetType.OLDEST)
                        .withDefaultStreamConfigs(Map.of("replication.factor", "1"));
        app.withDefaultSystem(kafka);
        app.withProcessorLifecycleListenerFactory((context, config) -> new Listener());
        app.getInputStream(kafka.getInputDescriptor(arguments[1], servers))
                .join(
                        app.getInputStream(kafka.getInputDescriptor(arguments[2], clients)),
                        new Pair(),
                        new StringSerde(),
                        servers,
                        clients,
                        Duration.ofMillis(Long.parseLong(arguments[9])),
                        "join")
                .filter(row -> row.client.time >= row.server.time && row.client.time - row.server.time <= window)
                .sendTo(
                        app.getOutputStream(
                                kafka.getOutputDescriptor(arguments[3], new JsonSerdeV2<>(Row.class))));
    }

    /** Tells when the container is up, and ends the program with it. */
    static final class Listener implements ProcessorLifecycleListener {
        @Override
        public void beforeStart() {}

        @Override
        public void afterStart() {
            System.out.println("UP");
        }

        @Override
        public void afterStop() {}

        @Override
        public void afterFailure(Throwable error) {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    public static void main(String[] arguments) {
        String job = arguments[3];
        Map<String, String> config = new HashMap<>();
        config.put("job.name", job);
        config.put("job.id", "1");
        config.put("processor.id", "0");
        config.put("app.runner.class", LocalApplicationRunner.class.getName());
        config.put("job.coordinator.factory", "org.apache.samza.standalone.PassthroughJobCoordinatorFactory");
        config.put("job.coordinator.system", "kafka");
        config.put("job.coordinator.replication.factor", "1");
        config.put(
                "task.name.grouper.factory", "org.apache.samza.container.grouper.task.SingleContainerGrouperFactory");
        config.put("task.checkpoint.factory", "org.apache.samza.checkpoint.kafka.KafkaCheckpointManagerFactory");
        config.put("task.checkpoint.system", "kafka");
        config.put("task.checkpoint.replication.factor", "1");
        config.put("task.commit.ms", arguments[7]);
        config.put("job.changelog.system", "kafka");
        config.put("job.container.thread.pool.size", arguments[5]);
        config.put("job.logged.store.base.dir", arguments[4]);
        config.put("job.non-logged.store.base.dir", arguments[4]);
        long state = Long.parseLong(arguments[6]) << 20;
        for (String side : List.of("L", "R")) {
            String store = "stores." + job + "-1-join-join-" + side + ".";
            config.put(store + "changelog.replication.factor", "1");
            config.put(store + "container.cache.size.bytes", Long.toString(state / 4));
            config.put(store + "container.write.buffer.size.bytes", Long.toString(state / 4));
        }
        LocalApplicationRunner runner = new LocalApplicationRunner(new SamzaJoin(arguments), new MapConfig(config));
        runner.run((ExternalContext) null);
        runner.waitForFinish();
    }
}
