package juncture.join;

import org.apache.flink.streaming.api.operators.AbstractStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.table.data.RowData;

/** Makes the operator where it runs. */
final class ChainedJoinFactory extends AbstractStreamOperatorFactory<RowData> {
    private static final long serialVersionUID = 1L;

    private final ChainDescription description;

    ChainedJoinFactory(ChainDescription description) {
        this.description = description;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T extends StreamOperator<RowData>> T createStreamOperator(StreamOperatorParameters<RowData> parameters) {
        // The client may have another Flink than the TaskManagers.
        FlinkVersion.require();
        return (T) new ChainedJoin(parameters, description);
    }

    @Override
    @SuppressWarnings("rawtypes")
    public Class<? extends StreamOperator> getStreamOperatorClass(ClassLoader classLoader) {
        return ChainedJoin.class;
    }
}
