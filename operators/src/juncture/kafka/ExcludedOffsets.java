package juncture.kafka;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.flink.kafka.shaded.org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.TopicPartition;
import org.apache.flink.kafka.shaded.org.apache.kafka.common.config.ConfigException;

/**
 * Leaves records out of what a source's consumer hands on, by their offsets, before anything decodes them.
 *
 * <p>The consumer's position passes them all the same, so that a source goes on, and ends, where it does without this.
 */
public final class ExcludedOffsets implements ConsumerInterceptor<byte[], byte[]> {
    /** '3:120000-120004;3:130000-130000': a partition and the first and last offset of a range, for each range. */
    public static final String OPTION = "juncture.excluded-offsets";

    private final Map<Integer, List<long[]>> ranges = new HashMap<>();

    /** @throws ConfigException if the option is missing or not as above: what stands there is never passed over. */
    @Override
    public void configure(Map<String, ?> configs) {
        final String text = String.valueOf(configs.get(OPTION));
        for (String each : text.split(";")) {
            final String[] parts = each.split("[:-]");
            try {
                if (parts.length != 3) {
                    throw new NumberFormatException();
                }
                ranges.computeIfAbsent(Integer.valueOf(parts[0]), partition -> new ArrayList<>())
                        .add(new long[] {Long.parseLong(parts[1]), Long.parseLong(parts[2])});
            } catch (NumberFormatException malformed) {
                throw new ConfigException(OPTION, text, "it is not PARTITION:FIRST-LAST;...");
            }
        }
    }

    @Override
    public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
        final Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> kept = new HashMap<>();
        boolean all = true;
        for (TopicPartition partition : records.partitions()) {
            final List<ConsumerRecord<byte[], byte[]>> read = records.records(partition);
            final List<ConsumerRecord<byte[], byte[]>> left = without(ranges.get(partition.partition()), read);
            all &= left == read;
            if (!left.isEmpty()) {
                kept.put(partition, left);
            }
        }
        return all ? records : new ConsumerRecords<>(kept, records.nextOffsets());
    }

    private static List<ConsumerRecord<byte[], byte[]>> without(
            List<long[]> ranges, List<ConsumerRecord<byte[], byte[]>> read) {
        if (ranges == null || !touches(ranges, read.get(0).offset(), read.get(read.size() - 1).offset())) {
            return read;
        }
        final List<ConsumerRecord<byte[], byte[]>> left = new ArrayList<>(read.size());
        for (ConsumerRecord<byte[], byte[]> record : read) {
            if (!touches(ranges, record.offset(), record.offset())) {
                left.add(record);
            }
        }
        return left;
    }

    private static boolean touches(List<long[]> ranges, long first, long last) {
        for (long[] range : ranges) {
            if (range[0] <= last && first <= range[1]) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {}

    @Override
    public void close() {}
}
