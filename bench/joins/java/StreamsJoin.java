package bench;

import bench.Events.Client;
import bench.Events.Row;
import bench.Events.Server;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.WriteBufferManager;

/**
 * The stream-stream join of Kafka Streams:
 * {@code StreamsJoin BOOTSTRAP SERVER CLIENT RESULT STATE_DIR THREADS STATE_MB COMMIT_MS WINDOW_MS GRACE_MS}.
 */
public final class StreamsJoin {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String STATE_MB = "bench.state.mb";

    /** RocksDB within one budget for all stores, as the memory management page of Kafka Streams advises. */
    public static final class BoundedMemory implements RocksDBConfigSetter {
        private static Cache cache;
        private static WriteBufferManager writeBuffers;

        private static synchronized void allocate(long bytes) {
            if (cache == null) {
                cache = new LRUCache(bytes, -1, false, 0.1);
                writeBuffers = new WriteBufferManager(bytes / 2, cache);
            }
        }

        @Override
        public void setConfig(String store, Options options, Map<String, Object> configs) {
            allocate(Long.parseLong((String) configs.get(STATE_MB)) << 20);
            BlockBasedTableConfig table = (BlockBasedTableConfig) options.tableFormatConfig();
            table.setBlockCache(cache);
            table.setCacheIndexAndFilterBlocks(true);
            table.setCacheIndexAndFilterBlocksWithHighPriority(true);
            table.setPinTopLevelIndexAndFilter(true);
            options.setWriteBufferManager(writeBuffers);
            options.setTableFormatConfig(table);
        }

        @Override
        public void close(String store, Options options) {
            // The cache and the write buffers are shared by all stores.
        }
    }

    private StreamsJoin() {}

    private static <T> Serde<T> json(Class<T> type) {
        ObjectReader reader = JSON.readerFor(type);
        ObjectWriter writer = JSON.writerFor(type);
        return Serdes.serdeFrom(
                (topic, value) -> {
                    try {
                        return value == null ? null : writer.writeValueAsBytes(value);
                    } catch (IOException error) {
                        throw new UncheckedIOException(error);
                    }
                },
                (topic, bytes) -> {
                    try {
                        return bytes == null ? null : reader.readValue(bytes);
                    } catch (IOException error) {
                        throw new UncheckedIOException(error);
                    }
                });
    }

    public static void main(String[] arguments) throws Exception {
        Properties config = new Properties();
        config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
        config.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments[3]);
        config.put(StreamsConfig.STATE_DIR_CONFIG, arguments[4]);
        config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, arguments[5]);
        config.put(STATE_MB, arguments[6]);
        config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, arguments[7]);
        config.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, BoundedMemory.class);
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        Duration window = Duration.ofMillis(Long.parseLong(arguments[8]));
        Duration grace = Duration.ofMillis(Long.parseLong(arguments[9]));

        StreamsBuilder builder = new StreamsBuilder();
        Serde<String> key = Serdes.String();
        builder.stream(arguments[1], Consumed.with(key, json(Server.class)))
                .join(
                        builder.stream(arguments[2], Consumed.with(key, json(Client.class))),
                        Row::new,
                        JoinWindows.ofTimeDifferenceAndGrace(Duration.ZERO, grace).after(window),
                        StreamJoined.with(key, json(Server.class), json(Client.class)))
                .to(arguments[3], Produced.with(key, json(Row.class)));

        KafkaStreams streams = new KafkaStreams(builder.build(), config);
        streams.setStateListener(
                (now, before) -> {
                    if (now == KafkaStreams.State.RUNNING) {
                        System.out.println("UP");
                    }
                });
        streams.setUncaughtExceptionHandler(
                error -> {
                    error.printStackTrace();
                    Runtime.getRuntime().halt(1);
                    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
                });
        streams.start();
        while (true) {
            Thread.sleep(1000);
            double read =
                    streams.metrics().entrySet().stream()
                            .filter(metric -> metric.getKey().name().equals("process-total"))
                            .filter(metric -> metric.getKey().group().equals("stream-thread-metrics"))
                            .mapToDouble(metric -> (double) metric.getValue().metricValue())
                            .sum();
            System.out.println("READ " + (long) read);
        }
    }
}
