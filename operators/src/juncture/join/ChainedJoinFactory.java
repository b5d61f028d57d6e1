package juncture.join;

import org.apache.flink.streaming.api.operators.AbstractStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.table.data.RowData;

/** Makes the operator where it runs. */
final class ChainedJoinFactory extends AbstractStreamOperatorFactory<RowData> {
    private static final long serialVersionUID = 1L;

    private final ChainDescription description;
    private final Long buildUntil;

    ChainedJoinFactory(ChainDescription description, Long buildUntil) {
        this.description = description;
        this.buildUntil = buildUntil;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T extends StreamOperator<RowData>> T createStreamOperator(StreamOperatorParameters<RowData> parameters) {
        // The client may have another Flink than the TaskManagers.
        FlinkVersion.require();
        return (T) new ChainedJoin(parameters, description, buildUntil);
    }

    @Override
    @SuppressWarnings("rawtypes")
    public Class<? extends StreamOperator> getStreamOperatorClass(ClassLoader classLoader) {
        return ChainedJoin.class;
    }
}
