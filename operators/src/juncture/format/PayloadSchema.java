package juncture.format;

import java.io.IOException;

import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.utils.JoinedRowData;
import org.apache.flink.util.Collector;

/** Appends a record's whole value, as it came, to the columns that are decoded of it. */
final class PayloadSchema implements DeserializationSchema<RowData> {
    private static final long serialVersionUID = 1L;

    private final DeserializationSchema<RowData> columns;
    private final TypeInformation<RowData> produced;
    private final boolean skips;

    /**
     * @param columns what decodes the columns
     * @param produced their type, with that of the payload after them
     * @param skips whether a record that can't be decoded is skipped; else it fails the job
     */
    PayloadSchema(DeserializationSchema<RowData> columns, TypeInformation<RowData> produced, boolean skips) {
        this.columns = columns;
        this.produced = produced;
        this.skips = skips;
    }

    @Override
    public void open(InitializationContext context) throws Exception {
        columns.open(context);
    }

    @Override
    public RowData deserialize(byte[] message) {
        throw new UnsupportedOperationException("a record may be no row: use deserialize(byte[], Collector)");
    }

    @Override
    public void deserialize(byte[] message, Collector<RowData> out) throws IOException {
        if (message != null && isArray(message)) {
            // JSON's format makes a row of each element, and the payload is that of all.
            if (skips) {
                return;
            }
            throw new IOException("A JSON array is a record of several rows, and has no payload of one");
        }
        final RowData payload = GenericRowData.of(StringData.fromBytes(message == null ? new byte[0] : message));
        columns.deserialize(message, new Collector<>() {
            @Override
            public void collect(RowData row) {
                out.collect(new JoinedRowData(row.getRowKind(), row, payload));
            }

            @Override
            public void close() {}
        });
    }

    private static boolean isArray(byte[] message) {
        for (byte each : message) {
            if (each > ' ') {
                return each == '[';
            }
        }
        return false;
    }

    @Override
    public boolean isEndOfStream(RowData next) {
        return columns.isEndOfStream(next);
    }

    @Override
    public TypeInformation<RowData> getProducedType() {
        return produced;
    }
}
