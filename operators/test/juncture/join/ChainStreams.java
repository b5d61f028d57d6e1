package juncture.join;

import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;

import java.util.ArrayList;
import java.util.List;

/**
 * A stream through a chain of joins, as one operator or, by Flink's, as one each.
 *
 * <p>A step is one of {@code ["row", input, key, time, text]}, {@code ["watermark", input, time]} and
 * {@code ["restore", parallelism]}, which goes on from a snapshot, without a watermark.
 */
final class ChainStreams {
    private final JsonNode request;
    private final boolean fused;
    private final Chains chains;
    private final List<String> rows = new ArrayList<>();
    private List<Chains.Running> subtasks = new ArrayList<>();

    ChainStreams(JsonNode request, String form) {
        this.request = request;
        fused = form.equals("operator");
        final List<Chains.Link> links = new ArrayList<>();
        for (JsonNode link : request.get("links")) {
            links.add(
                    new Chains.Link(
                            FlinkJoinType.valueOf(link.get("kind").asText()),
                            link.get("lower").asLong(),
                            link.get("upper").asLong(),
                            link.get("nulls_match").asBoolean()));
        }
        chains = new Chains(links.toArray(new Chains.Link[0]));
    }

    List<String> run() throws Exception {
        try {
            subtasks.add(subtask(1, 0).start(null));
            int number = 0;
            for (JsonNode step : request.get("steps")) {
                number++;
                if (step.get(0).asText().equals("restore")) {
                    restore(step.get(1).asInt(), number);
                    continue;
                }
                final int input = step.get(1).asInt();
                for (Chains.Running subtask : subtasks) {
                    if (step.get(0).asText().equals("row")) {
                        subtask.row(input, step.get(2).textValue(), step.get(3).asLong(), step.get(4).asText());
                    } else {
                        subtask.watermark(input, step.get(2).asLong());
                    }
                }
            }
            collect();
        } finally {
            for (Chains.Running subtask : subtasks) {
                subtask.close();
            }
        }
        return rows;
    }

    private void restore(int parallelism, int id) throws Exception {
        final int before = subtasks.size();
        final List<OperatorSubtaskState[]> parts = new ArrayList<>();
        for (int number = 0; number < before; number++) {
            final List<OperatorSubtaskState> snapshot = subtasks.get(number).snapshot(id);
            for (int operator = 0; operator < snapshot.size(); operator++) {
                if (number == 0) {
                    parts.add(new OperatorSubtaskState[before]);
                }
                parts.get(operator)[number] = snapshot.get(operator);
            }
        }
        collect();
        for (Chains.Running subtask : subtasks) {
            subtask.close();
        }
        subtasks = new ArrayList<>();
        for (int number = 0; number < parallelism; number++) {
            final List<OperatorSubtaskState> states = new ArrayList<>();
            for (OperatorSubtaskState[] operator : parts) {
                states.add(
                        AbstractStreamOperatorTestHarness.repartitionOperatorState(
                                AbstractStreamOperatorTestHarness.repackageState(operator),
                                Joins.KEY_GROUPS,
                                before,
                                parallelism,
                                number));
            }
            subtasks.add(subtask(parallelism, number).start(states));
        }
    }

    private void collect() {
        for (Chains.Running subtask : subtasks) {
            rows.addAll(subtask.rows());
        }
    }

    private Chains.Running subtask(int parallelism, int number) throws Exception {
        final String backend = request.get("backend").asText();
        return fused
                ? chains.fused(backend, parallelism, number)
                : chains.separate(false, backend, parallelism, number);
    }
}
