package juncture.join;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.StateBackend;
import org.apache.flink.runtime.state.hashmap.HashMapStateBackend;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.state.rocksdb.EmbeddedRocksDBStateBackend;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Runs streams through both operators: a line of JSON with a join and its steps in, a line with the rows of both out.
 *
 * <p>A step is one of {@code ["left", key, time, text]}, {@code ["right", ...]}, {@code ["watermark", left, right]},
 * {@code ["idle", isLeft, isIdle]}, and {@code ["restore", parallelism]}, which goes on from a snapshot, without a
 * watermark. A chain of joins has {@code links} instead, and the steps of `ChainStreams`.
 */
final class StreamServer {
    private StreamServer() {}

    public static void main(String[] arguments) throws Exception {
        final ObjectMapper mapper = new ObjectMapper();
        final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        // Only answers go out there.
        System.setOut(System.err);
        final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            final JsonNode request = mapper.readTree(line);
            final ObjectNode answer = mapper.createObjectNode();
            for (String form : new String[] {"flink", "operator"}) {
                final List<String> rows =
                        request.has("links")
                                ? new ChainStreams(request, form).run()
                                : new Job(request, form).run();
                rows.forEach(answer.withArray(form)::add);
            }
            out.println(mapper.writeValueAsString(answer));
        }
    }

    /** One form of the join, in as many subtasks as the steps ask for. */
    private static final class Job {
        private final JsonNode request;
        private final boolean ours;
        private final Joins joins;
        private final List<String> rows = new ArrayList<>();
        private List<Joins.Running> subtasks = new ArrayList<>();
        private final long[] watermarks = {Long.MIN_VALUE, Long.MIN_VALUE};
        private final boolean[] idle = {false, false};

        private Job(JsonNode request, String form) {
            this.request = request;
            ours = form.equals("operator");
            joins =
                    new Joins(
                            FlinkJoinType.valueOf(request.get("kind").asText()),
                            request.get("lower").asLong(),
                            request.get("upper").asLong(),
                            request.get("nulls_match").asBoolean());
        }

        private List<String> run() throws Exception {
            try {
                subtasks.add(subtask(1, 0).start());
                int number = 0;
                for (JsonNode step : request.get("steps")) {
                    number++;
                    if (step.get(0).asText().equals("restore")) {
                        restore(step.get(1).asInt(), number);
                    } else {
                        for (Joins.Running subtask : subtasks) {
                            apply(step, subtask);
                        }
                    }
                }
                collect();
            } finally {
                for (Joins.Running subtask : subtasks) {
                    subtask.close();
                }
            }
            return rows;
        }

        private void apply(JsonNode step, Joins.Running subtask) throws Exception {
            switch (step.get(0).asText()) {
                case "left":
                    subtask.left(step.get(1).textValue(), step.get(2).asLong(), step.get(3).asText());
                    break;
                case "right":
                    subtask.right(step.get(1).textValue(), step.get(2).asLong(), step.get(3).asText());
                    break;
                case "watermark":
                    watermarks[0] = step.get(1).asLong();
                    watermarks[1] = step.get(2).asLong();
                    pass(subtask);
                    break;
                case "idle":
                    final boolean left = step.get(1).asBoolean();
                    idle[left ? 0 : 1] = step.get(2).asBoolean();
                    subtask.idle(left, step.get(2).asBoolean());
                    break;
                default:
                    throw new IllegalArgumentException(step.toString());
            }
        }

        /** The watermarks of inputs that are not idle. */
        private void pass(Joins.Running subtask) throws Exception {
            for (int side = 0; side < 2; side++) {
                if (!idle[side] && watermarks[side] != Long.MIN_VALUE) {
                    subtask.watermark(side == 0, watermarks[side]);
                }
            }
        }

        private void restore(int parallelism, int id) throws Exception {
            final int before = subtasks.size();
            final OperatorSubtaskState[] parts = new OperatorSubtaskState[before];
            for (int number = 0; number < before; number++) {
                parts[number] = subtasks.get(number).snapshot(id);
            }
            collect();
            for (Joins.Running subtask : subtasks) {
                subtask.close();
            }
            subtasks = new ArrayList<>();
            final OperatorSubtaskState whole = AbstractStreamOperatorTestHarness.repackageState(parts);
            for (int number = 0; number < parallelism; number++) {
                final Joins.Running subtask =
                        subtask(parallelism, number)
                                .startFrom(
                                        AbstractStreamOperatorTestHarness.repartitionOperatorState(
                                                whole, Joins.KEY_GROUPS, before, parallelism, number));
                subtasks.add(subtask);
            }
            Arrays.fill(watermarks, Long.MIN_VALUE);
            Arrays.fill(idle, false);
        }

        private void collect() {
            for (Joins.Running subtask : subtasks) {
                for (String taken : subtask.taken()) {
                    if (taken.startsWith("+I")) {
                        rows.add(taken);
                    } else if (taken.startsWith("-D")) {
                        rows.remove("+I" + taken.substring(2));
                    }
                }
            }
        }

        private Joins.Running subtask(int parallelism, int number) throws Exception {
            final StateBackend backend =
                    request.get("backend").asText().equals("rocksdb")
                            ? new EmbeddedRocksDBStateBackend(false)
                            : new HashMapStateBackend();
            return (ours ? joins.ours(parallelism, number) : joins.flinks(parallelism, number)).on(backend);
        }
    }
}
