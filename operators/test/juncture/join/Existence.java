package juncture.join;

import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.apache.flink.table.runtime.operators.join.stream.StreamingSemiAntiJoinOperator;
import org.apache.flink.table.runtime.operators.join.stream.utils.JoinInputSideSpec;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;

import java.util.ArrayList;
import java.util.List;

/** Both operators of a semi or anti join. Flink's regular join has the bounds in its condition. */
final class Existence {
    private final Joins joins;
    private final InternalTypeInfo<RowData> left;

    Existence(Joins joins, InternalTypeInfo<RowData> left) {
        this.joins = joins;
        this.left = left;
    }

    static boolean isOf(FlinkJoinType type) {
        return type == FlinkJoinType.SEMI || type == FlinkJoinType.ANTI;
    }

    ExistenceDescription description() {
        final boolean anti = joins.type == FlinkJoinType.ANTI;
        return new ExistenceDescription(
                new JoinDescription.SideDescription(left, 1, -joins.lower, anti, JoinDescription.Matches.FIRST),
                new JoinDescription.SideDescription(Joins.ROW, 1, joins.upper, false, JoinDescription.Matches.ANY),
                joins.condition(within()),
                new boolean[] {!joins.nullsMatch});
    }

    StreamingSemiAntiJoinOperator flinks() {
        return flinks(JoinInputSideSpec.withoutUniqueKey());
    }

    /** Flink's where it knows that a key of the join has one row a side, and keeps a value in place of a map. */
    StreamingSemiAntiJoinOperator flinksOfUniqueKeys() {
        final Joins.KeyOfRow key = new Joins.KeyOfRow();
        return flinks(JoinInputSideSpec.withUniqueKeyContainedByJoinKey(key.getProducedType(), key));
    }

    private StreamingSemiAntiJoinOperator flinks(JoinInputSideSpec side) {
        return new StreamingSemiAntiJoinOperator(
                joins.type == FlinkJoinType.ANTI,
                left,
                Joins.ROW,
                joins.condition(within()),
                side,
                side,
                new boolean[] {!joins.nullsMatch},
                0,
                0);
    }

    /** What is left of rows that came out, after those that were taken back. */
    static List<String> lasting(List<String> taken) {
        final List<String> rows = new ArrayList<>();
        taken.stream().filter(text -> text.startsWith("+I")).forEach(rows::add);
        taken.stream().filter(text -> text.startsWith("-D")).forEach(text -> rows.remove("+I" + text.substring(2)));
        rows.sort(null);
        return rows;
    }

    private String within() {
        return "!l.isNullAt(1) && !r.isNullAt(1)"
                + " && l.getLong(1) >= r.getLong(1) + (" + joins.lower + "L)"
                + " && l.getLong(1) <= r.getLong(1) + (" + joins.upper + "L)";
    }
}
