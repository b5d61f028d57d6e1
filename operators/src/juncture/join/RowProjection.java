package juncture.join;

import org.apache.flink.core.memory.MemorySegment;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryRowData;
import org.apache.flink.table.runtime.typeutils.InternalTypeInfo;
import org.apache.flink.table.runtime.typeutils.RowDataSerializer;
import org.apache.flink.table.types.logical.RowType;

import java.util.stream.IntStream;

/** Makes rows that were stored with other columns rows of the job. */
final class RowProjection {
    private final BinaryRowData stored;
    private final GenericRowData fields;
    private final RowData.FieldGetter[] getters;
    private final RowDataSerializer serializer;
    private final boolean identity;

    /**
     * @param arity of the stored rows.
     * @param positions for each column of the job's rows where it is in stored ones, or -1 for null.
     */
    RowProjection(int arity, int[] positions, InternalTypeInfo<RowData> type) {
        stored = new BinaryRowData(arity);
        fields = new GenericRowData(positions.length);
        getters = new RowData.FieldGetter[positions.length];
        for (int at = 0; at < positions.length; at++) {
            if (positions[at] >= 0) {
                getters[at] =
                        RowData.createFieldGetter(
                                ((RowType) type.toLogicalType()).getTypeAt(at), positions[at]);
            }
        }
        serializer = type.toRowSerializer();
        identity = arity == positions.length && IntStream.range(0, arity).allMatch(at -> positions[at] == at);
    }

    /** Whether rows stay as they are. */
    boolean isIdentity() {
        return identity;
    }

    /** The row at this address; it is valid until the next call. */
    BinaryRowData of(MemorySegment chunk, int address) {
        RowLog.pointTo(stored, chunk, address);
        if (identity) {
            return stored;
        }
        for (int at = 0; at < getters.length; at++) {
            fields.setField(at, getters[at] == null ? null : getters[at].getFieldOrNull(stored));
        }
        return serializer.toBinaryRow(fields);
    }
}
