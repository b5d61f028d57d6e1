package juncture.join;

import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The columns of the rows of one side, as the state has them or as the job wants them. */
final class Columns {
    /** Names that the planner makes up say nothing: it numbers them anew in each query. */
    private static final Pattern MADE_UP = Pattern.compile("(\\$f|f|EXPR\\$)\\d+");

    private static final Pattern NUMBERED = Pattern.compile("(.*\\D)\\d+");

    private final List<String> names;
    private final List<String> types;
    private final List<Boolean> nullable;
    private final int time;

    private Columns(List<String> names, List<String> types, List<Boolean> nullable, int time) {
        this.names = names;
        this.types = types;
        this.nullable = nullable;
        this.time = time;
    }

    static Columns of(JoinDescription.SideDescription side) {
        final RowType row = (RowType) side.type.toLogicalType();
        return new Columns(
                row.getFieldNames(),
                row.getChildren().stream().map(type -> type.copy(true).asSummaryString()).collect(Collectors.toList()),
                row.getChildren().stream().map(LogicalType::isNullable).collect(Collectors.toList()),
                side.timeIndex);
    }

    static Columns read(BroadcastState<String, String> state, String side) throws Exception {
        final int count = Integer.parseInt(state.get(side + ".columns"));
        final String[] names = new String[count];
        final String[] types = new String[count];
        final Boolean[] nullable = new Boolean[count];
        for (int at = 0; at < count; at++) {
            names[at] = state.get(entry(side, at, "name"));
            types[at] = state.get(entry(side, at, "type"));
            nullable[at] = Boolean.valueOf(state.get(entry(side, at, "nullable")));
        }
        return new Columns(
                List.of(names), List.of(types), List.of(nullable), Integer.parseInt(state.get(side + ".time")));
    }

    void write(BroadcastState<String, String> state, String side) throws Exception {
        state.put(side + ".columns", Integer.toString(count()));
        state.put(side + ".time", Integer.toString(time));
        for (int at = 0; at < count(); at++) {
            state.put(entry(side, at, "name"), names.get(at));
            state.put(entry(side, at, "type"), types.get(at));
            state.put(entry(side, at, "nullable"), nullable.get(at).toString());
        }
    }

    int count() {
        return names.size();
    }

    /**
     * How stored rows become rows of the job. Columns that are new in the job are null in older rows.
     *
     * @throws SuppressRestartsException if rows with these columns can't be read as the wanted ones.
     */
    RowProjection projection(Columns wanted, InternalTypeInfo<RowData> type, String side) {
        if (!names.equals(wanted.names) && (madeUp() || wanted.madeUp())) {
            throw refused(wanted, side, "some have names that the query does not give, so that they can't be told apart");
        }
        final int[] positions =
                wanted.names.stream().mapToInt(names::indexOf).toArray();
        for (int at = 0; at < positions.length; at++) {
            final String name = wanted.names.get(at);
            if (positions[at] < 0) {
                if (!wanted.nullable.get(at)) {
                    throw refused(wanted, side, name + " is new and NOT NULL, and older rows have no value for it");
                }
            } else if (!types.get(positions[at]).equals(wanted.types.get(at))) {
                throw refused(wanted, side, name + " has another type");
            } else if (nullable.get(positions[at]) && !wanted.nullable.get(at)) {
                throw refused(wanted, side, name + " has become NOT NULL");
            }
        }
        if (!names.get(time).equals(wanted.names.get(wanted.time))) {
            throw refused(
                    wanted, side, "their time is " + names.get(time) + ", and now " + wanted.names.get(wanted.time));
        }
        return new RowProjection(count(), positions, type);
    }

    private boolean madeUp() {
        return names.stream().anyMatch(name -> MADE_UP.matcher(name).matches() || isSecond(name));
    }

    /** Columns of one name become id, id0, id1 after a join: which is which changes with the query. */
    private boolean isSecond(String name) {
        final Matcher numbered = NUMBERED.matcher(name);
        return numbered.matches() && names.contains(numbered.group(1));
    }

    private SuppressRestartsException refused(Columns wanted, String side, String reason) {
        return StateHeader.refusal(
                String.format(
                        "The %s rows in this join's state have the columns %s, and the job wants %s: %s. Nothing was"
                                + " read. Start without this state, or keep the columns; nullable ones may be added.",
                        side, this, wanted, reason));
    }

    private static String entry(String side, int at, String what) {
        return side + ".column." + at + "." + what;
    }

    @Override
    public String toString() {
        return IntStream.range(0, count())
                .mapToObj(at -> names.get(at) + " " + types.get(at) + (nullable.get(at) ? "" : " NOT NULL"))
                .collect(Collectors.joining(", ", "(", ")"));
    }
}
