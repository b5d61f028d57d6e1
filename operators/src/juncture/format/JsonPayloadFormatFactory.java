package juncture.format;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.formats.json.JsonFormatFactory;
import org.apache.flink.formats.json.JsonFormatOptions;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.utils.DataTypeUtils;

/** Flink's JSON format, with the record's whole value as metadata: what a query decodes later, where it is needed. */
public final class JsonPayloadFormatFactory implements DeserializationFormatFactory {
    public static final String IDENTIFIER = "json-payload";

    /** In a table on Kafka it is 'value.payload'. */
    public static final String PAYLOAD = "payload";

    private final JsonFormatFactory json = new JsonFormatFactory();

    @Override
    public DecodingFormat<DeserializationSchema<RowData>> createDecodingFormat(
            DynamicTableFactory.Context context, ReadableConfig options) {
        final boolean skips = options.get(JsonFormatOptions.IGNORE_PARSE_ERRORS);
        return new WithPayload(json.createDecodingFormat(context, options), skips);
    }

    @Override
    public String factoryIdentifier() {
        return IDENTIFIER;
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return json.requiredOptions();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return json.optionalOptions();
    }

    private static final class WithPayload implements DecodingFormat<DeserializationSchema<RowData>> {
        private final DecodingFormat<DeserializationSchema<RowData>> columns;
        private final boolean skips;
        private boolean isAsked;

        private WithPayload(DecodingFormat<DeserializationSchema<RowData>> columns, boolean skips) {
            this.columns = columns;
            this.skips = skips;
        }

        @Override
        public DeserializationSchema<RowData> createRuntimeDecoder(DynamicTableSource.Context context, DataType type) {
            final DeserializationSchema<RowData> schema = columns.createRuntimeDecoder(context, type);
            if (!isAsked) {
                return schema;
            }
            final List<DataTypes.Field> fields = List.of(DataTypes.FIELD(PAYLOAD, payloadType()));
            final DataType produced = DataTypeUtils.appendRowFields(type, fields);
            return new PayloadSchema(schema, context.createTypeInformation(produced), skips);
        }

        @Override
        public Map<String, DataType> listReadableMetadata() {
            final Map<String, DataType> found = new LinkedHashMap<>();
            found.put(PAYLOAD, payloadType());
            return found;
        }

        @Override
        public void applyReadableMetadata(List<String> keys) {
            isAsked = keys.contains(PAYLOAD);
        }

        @Override
        public ChangelogMode getChangelogMode() {
            return columns.getChangelogMode();
        }

        private static DataType payloadType() {
            return DataTypes.STRING().notNull();
        }
    }
}
