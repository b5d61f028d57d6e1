package juncture.join;

import com.sun.management.OperatingSystemMXBean;

import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.memory.ManagedMemoryUseCase;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.memory.MemoryManager;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.runtime.state.storage.FileSystemCheckpointStorage;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.api.operators.TwoInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.apache.flink.table.runtime.operators.join.KeyedCoProcessOperatorWithWatermarkDelay;
import org.apache.flink.table.runtime.operators.join.interval.RowTimeIntervalJoin;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.LogicalType;

import java.lang.management.ManagementFactory;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * What one join operator writes to checkpoints: the same rows for each, without brokers and other operators.
 *
 * <p>Arguments: join (event_join or flink), backend (rocksdb or hashmap), folder, events, events between checkpoints,
 * MiB of managed memory, and Flink options as key=value. Prints one line of JSON.
 */
public final class StateBench {
    private static final int KEY_GROUPS = 128;
    private static final long WINDOW = 600_000;
    private static final long LATEST = 120_000;
    private static final double MS_BETWEEN_SERVED = 5.7;
    private static final int WATERMARK_EVERY = 100;

    private final Random random = new Random(7);
    private final byte[] text = text();
    private final KeyedTwoInputStreamOperatorTestHarness<RowData, RowData, RowData, RowData> harness;

    private StateBench(Joins joins, boolean flinks, StateBackend backend, Path folder, long memory) throws Exception {
        final Joins.KeyOfRow key = new Joins.KeyOfRow();
        harness =
                new KeyedTwoInputStreamOperatorTestHarness<>(
                        operator(joins, flinks),
                        key, new Joins.KeyOfRow(), key.getProducedType(), KEY_GROUPS, 1, 0);
        // The harness has no way to say how much there is.
        final Field manager = harness.getEnvironment().getClass().getDeclaredField("memManager");
        manager.setAccessible(true);
        manager.set(harness.getEnvironment(), MemoryManager.create(memory, 32 << 10));
        final double operators = flinks ? 0 : backend instanceof HashMapStateBackend ? 1 : 0.5;
        harness.getStreamConfig().setManagedMemoryFractionOperatorOfUseCase(ManagedMemoryUseCase.OPERATOR, operators);
        harness.getStreamConfig()
                .setManagedMemoryFractionOperatorOfUseCase(ManagedMemoryUseCase.STATE_BACKEND, 1 - operators);
        harness.getStreamConfig().serializeAllConfigs();
        harness.setStateBackend(backend);
        harness.setCheckpointStorage(new FileSystemCheckpointStorage(folder.resolve("checkpoints").toUri()));
        final InternalTypeInfo<RowData> row = joins.description().left.type;
        final LogicalType[] both =
                IntStream.range(0, 6).mapToObj(at -> row.toRowType().getTypeAt(at % 3)).toArray(LogicalType[]::new);
        harness.setup(InternalTypeInfo.ofFields(both).toSerializer());
        harness.open();
    }

    public static void main(String[] arguments) throws Exception {
        final Path folder = Paths.get(arguments[2]);
        final Joins joins = new Joins(FlinkJoinType.INNER, -WINDOW, 0, false);
        final boolean flinks = arguments[0].equals("flink");
        final StateBackend backend = backend(arguments[1], folder, arguments);
        final long memory = Long.parseLong(arguments[5]) << 20;
        final StateBench bench = new StateBench(joins, flinks, backend, folder, memory);
        System.out.println(bench.run(Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4])));
        bench.harness.close();
    }

    private static TwoInputStreamOperator<RowData, RowData, RowData> operator(Joins joins, boolean flinks) {
        final JoinDescription join = joins.description();
        if (!flinks) {
            return new EventTimeJoin(null, join, null);
        }
        final RowTimeIntervalJoin interval =
                new RowTimeIntervalJoin(
                        FlinkJoinType.INNER, -WINDOW, 0, 0, 0, join.left.type, join.right.type, join.function, 1, 1);
        return new KeyedCoProcessOperatorWithWatermarkDelay<>(interval, interval.getMaxOutputDelay());
    }

    private static StateBackend backend(String name, Path folder, String[] arguments) {
        if (name.equals("hashmap")) {
            return new HashMapStateBackend();
        }
        final Configuration options = new Configuration();
        for (int at = 6; at < arguments.length; at++) {
            final String[] parts = arguments[at].split("=", 2);
            options.setString(parts[0], parts[1]);
        }
        final EmbeddedRocksDBStateBackend backend =
                new EmbeddedRocksDBStateBackend(true).configure(options, StateBench.class.getClassLoader());
        backend.setDbStoragePath(folder.resolve("db").toString());
        return backend;
    }

    /** Figures of the last half, in which the window is full; the CPU is the whole process's, rows made included. */
    private String run(int events, int every) throws Exception {
        final OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        final PriorityQueue<Click> clicks = new PriorityQueue<>((one, other) -> Long.compare(one.arrival, other.arrival));
        final List<Long> uploads = new ArrayList<>();
        final List<Long> sizes = new ArrayList<>();
        double clock = 1_700_000_000_000L;
        long cpu = 0;
        long results = 0;
        int done = 0;
        for (long key = 0; done < events; key++) {
            clock += MS_BETWEEN_SERVED;
            final long now = (long) clock;
            if (random.nextInt(100) < 84) {
                clicks.add(click(key, now));
            }
            harness.processElement1(new StreamRecord<>(row(key, now, 300 + random.nextInt(700)), now));
            done++;
            while (!clicks.isEmpty() && clicks.peek().arrival <= now) {
                final Click click = clicks.poll();
                final RowData row = row(click.key, click.time, 80 + random.nextInt(220));
                harness.processElement2(new StreamRecord<>(row, click.time));
                done++;
            }
            if (key % WATERMARK_EVERY == 0) {
                harness.processBothWatermarks(new Watermark(now - LATEST));
                results += harness.getOutput().stream().filter(StreamRecord.class::isInstance).count();
                harness.getOutput().clear();
            }
            if (cpu == 0 && done >= events / 2) {
                cpu = system.getProcessCpuTime();
            }
            final int number = uploads.size() + 1;
            if (done / every >= number) {
                final OperatorSubtaskState state = harness.snapshot(number, number);
                harness.notifyOfCompletedCheckpoint(number);
                uploads.add(state.getCheckpointedSize());
                sizes.add(state.getStateSize());
            }
        }
        final double half = events / 2.0;
        return String.format(
                Locale.ROOT,
                "{\"results\": %d, \"cpu_us\": %.2f, \"uploaded_per_event\": %.1f, \"upload\": %.0f, \"size\": %.0f,"
                        + " \"largest\": %d}",
                results,
                (system.getProcessCpuTime() - cpu) / 1e3 / half,
                lastHalf(uploads).sum() / half,
                lastHalf(uploads).average().orElse(0),
                lastHalf(sizes).average().orElse(0),
                lastHalf(sizes).max().orElse(0));
    }

    private static LongStream lastHalf(List<Long> values) {
        return values.subList(values.size() / 2, values.size()).stream().mapToLong(Long::longValue);
    }

    private Click click(long key, long served) {
        final boolean far = random.nextInt(100) < 3;
        final double soon = Math.min(840_000, Math.max(1, -Math.log(1 - random.nextDouble()) * 60_000));
        final long time = served + (far ? 540_000 + random.nextInt(300_000) : (long) soon);
        return new Click(key, time, time + random.nextInt(random.nextInt(100) < 5 ? 110_000 : 2000));
    }

    private RowData row(long key, long time, int length) {
        final GenericRowData row = new GenericRowData(3);
        row.setField(0, StringData.fromString(String.format("%016x", key * 0x9E3779B97F4A7C15L)));
        row.setField(1, time);
        row.setField(2, StringData.fromBytes(text, random.nextInt(text.length - 1000), length));
        return row;
    }

    /** Compresses about as well as what services log. */
    private byte[] text() {
        final StringBuilder text = new StringBuilder();
        for (int piece = 0; piece < 50_000; piece++) {
            text.append("urn:item:activity:").append(Math.floorMod(random.nextLong(), 1_000_000_000_000_000L));
            text.append("|s=").append(String.format(Locale.ROOT, "%.4f", random.nextDouble()));
            text.append("|r=").append(random.nextInt(40)).append(';');
        }
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static final class Click {
        private final long key;
        private final long time;
        private final long arrival;

        private Click(long key, long time, long arrival) {
            this.key = key;
            this.time = time;
            this.arrival = arrival;
        }
    }
}
