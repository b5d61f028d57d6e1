package juncture.join;

import org.apache.flink.streaming.api.operators.AbstractStreamOperatorFactory;
import org.apache.flink.streaming.api.operators.StreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.table.data.RowData;

/** Makes the operator where it runs. */
final class EventTimeJoinFactory extends AbstractStreamOperatorFactory<RowData> {
    private static final long serialVersionUID = 1L;

    private final JoinDescription description;
    private final Long buildUntil;

    EventTimeJoinFactory(JoinDescription description, Long buildUntil) {
        this.description = description;
        this.buildUntil = buildUntil;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T extends StreamOperator<RowData>> T createStreamOperator(StreamOperatorParameters<RowData> parameters) {
        // The client may have another Flink than the TaskManagers.
        FlinkVersion.require();
        return (T) description.operator(parameters, buildUntil);
    }

    @Override
    @SuppressWarnings("rawtypes")
    public Class<? extends StreamOperator> getStreamOperatorClass(ClassLoader classLoader) {
        return EventTimeJoin.class;
    }
}
