package juncture.join;

import org.apache.flink.api.common.functions.RuntimeContext;
import org.apache.flink.api.common.state.BroadcastState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.typeutils.base.StringSerializer;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.core.memory.ManagedMemoryUseCase;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.runtime.execution.Environment;
import org.apache.flink.runtime.execution.SuppressRestartsException;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.memory.MemoryManager;
import org.apache.flink.runtime.state.CheckpointableKeyedStateBackend;
import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.streaming.api.graph.StreamConfig;
import org.apache.flink.table.data.RowData;

import java.util.Arrays;
import java.util.List;

/** The rows of all inputs of an operator: in the memory that it may take, and in Flink's state. */
final class JoinStore implements ChunkMemory.Owner {
    private static final String HEADER_STATE = "event-join-header";
    private static final int CHUNK_SIZE = 16 * 1024;

    final JoinSide[] sides;
    final ChunkMemory memory;

    /** Whether the rows are those of a chain whose joins had other kinds or bounds. */
    final boolean ofOtherJoins;

    private final MemoryManager memoryManager;
    final ChunkState state;
    private final BroadcastState<String, String> header;

    /** How far the watermark has been, in earlier runs, too. */
    private long furthest;

    /** Of a chain's joins, up to which time each had ruled out matches when its event time was last known. */
    private long[] ruledOut = {};

    /** As `ruledOut` in the snapshot, of joins that were inner and are not any more. */
    private long[] ruledOutByInner = {};

    /** An operator, as far as its rows depend on where it runs. */
    static final class Place {
        private final Environment environment;
        private final StreamConfig config;
        private final RuntimeContext runtime;
        private final KeyedStateBackend<RowData> backend;
        private final OperatorID operator;
        private final ClassLoader loader;

        Place(
                Environment environment,
                StreamConfig config,
                RuntimeContext runtime,
                KeyedStateBackend<RowData> backend,
                OperatorID operator,
                ClassLoader loader) {
            this.environment = environment;
            this.config = config;
            this.runtime = runtime;
            this.backend = backend;
            this.operator = operator;
            this.loader = loader;
        }

        /** The selector of an input's keys, in an instance of its own: they reuse what they return. */
        @SuppressWarnings("unchecked")
        private KeySelector<RowData, RowData> selector(int input) {
            return (KeySelector<RowData, RowData>) (KeySelector<?, ?>) config.getStatePartitioner(input, loader);
        }

        private MemoryManager memoryManager() {
            return environment.getMemoryManager();
        }

        /** This operator's share of the slot's managed memory. */
        private long managedMemory() {
            return memoryManager()
                    .computeMemorySize(
                            config.getManagedMemoryFractionOperatorUseCaseOfSlot(
                                    ManagedMemoryUseCase.OPERATOR,
                                    environment.getJobConfiguration(),
                                    environment.getTaskManagerInfo().getConfiguration(),
                                    loader));
        }

        private boolean hasForeignState() {
            return environment
                    .getTaskStateManager()
                    .prioritizedOperatorState(operator)
                    .getJobManagerManagedKeyedState()
                    .hasState();
        }
    }

    /**
     * Takes the operator's memory, and the rows that a snapshot has.
     *
     * @param now what the job would write.
     * @param flags of the rows of each input.
     * @param stateOfFlinks the name of a map in the state of Flink's operator for this join.
     * @throws SuppressRestartsException if the state is not this join's, or can't be read as its.
     */
    JoinStore(
            StateInitializationContext context,
            Place place,
            StateHeader now,
            List<JoinDescription.SideDescription> inputs,
            List<RowFlags> flags,
            String stateOfFlinks)
            throws Exception {
        header =
                context.getOperatorStateStore()
                        .getBroadcastState(
                                new MapStateDescriptor<>(
                                        HEADER_STATE, StringSerializer.INSTANCE, StringSerializer.INSTANCE));
        final StateHeader stored = storedHeader(place, now);
        final StateHeader kept = stored.continuedBy(now);
        kept.write(header);
        ofOtherJoins = !stored.hasJoinsOf(now);
        final KeyGroupRange range = ((CheckpointableKeyedStateBackend<RowData>) place.backend).getKeyGroupRange();
        state =
                new ChunkState(
                        context.getKeyedStateStore(),
                        place.backend,
                        range,
                        place.runtime.getTaskInfo().getMaxNumberOfParallelSubtasks(),
                        stateOfFlinks);
        final long bytes = place.managedMemory();
        memoryManager = place.memoryManager();
        memoryManager.reserveMemory(this, bytes);
        memory = new ChunkMemory(bytes, CHUNK_SIZE, this);
        sides = new JoinSide[inputs.size()];
        final RowProjection[] projections = new RowProjection[sides.length];
        try {
            for (int side = 0; side < sides.length; side++) {
                final JoinDescription.SideDescription input = inputs.get(side);
                sides[side] =
                        new JoinSide(
                                side,
                                flags.get(side),
                                input,
                                place.selector(side),
                                kept.width,
                                range,
                                memory,
                                state);
                projections[side] = stored.projection(side, now, input.type);
            }
            state.restore(
                    (keyGroup, numbers, expired) -> {
                        for (int side = 0; side < sides.length; side++) {
                            final long[] unmatched = side == 0 ? ruledOutByInner : new long[0];
                            sides[side].restore(
                                    keyGroup,
                                    numbers,
                                    stored.width,
                                    new Expiry(expired[side], unmatched, flags.get(side)),
                                    projections[side]);
                        }
                    });
            memory.makeRoom();
        } catch (Throwable failure) {
            close();
            throw failure;
        }
    }

    /** The header of the snapshot, or else of a job that begins. */
    private StateHeader storedHeader(Place place, StateHeader now) throws Exception {
        final boolean written = header.iterator().hasNext();
        if (!written && place.hasForeignState()) {
            throw StateHeader.refusal(
                    "The state that this join was given was not written by Juncture's operator, but by Flink's"
                            + " join, or another operator of this uid. Nothing was read, as the rows would be missing."
                            + " Restore with the join's former strategy, or start without this state.");
        }
        final StateHeader stored = written ? now.readAs(header) : now;
        furthest = StateHeader.watermark(header);
        ruledOut = stored.ruledOut(header);
        if (written) {
            ruledOutByInner = stored.ruledOutByInner(now, header);
        }
        return stored;
    }

    /**
     * Writes what the state does not have yet.
     *
     * @param reached the watermark.
     * @param due up to which time each join of a chain has ruled out matches: Long.MIN_VALUE if it has had no watermark.
     * @param expired up to which time the rows of each input have expired: a watermark is of one run, but what it has
     *     ruled out stays so.
     */
    void snapshot(long reached, long[] due, long... expired) throws Exception {
        for (JoinSide side : sides) {
            side.flush();
        }
        state.writeExpired(expired);
        furthest = Math.max(furthest, reached);
        StateHeader.writeWatermark(header, furthest);
        for (int join = 0; join < due.length; join++) {
            ruledOut[join] = due[join] == Long.MIN_VALUE ? ruledOut[join] : due[join];
            StateHeader.writeRuledOut(header, join, ruledOut[join]);
        }
    }

    /**
     * Reports the bytes of memory in use, the rows that probes have looked at, and the chunks that were read back from the
     * state.
     */
    void measure(MetricGroup metrics) {
        metrics.gauge("joinMemoryUsed", memory::used);
        metrics.gauge("joinRowsProbed", (Gauge<Long>) () -> Arrays.stream(sides).mapToLong(JoinSide::probed).sum());
        metrics.gauge("joinChunksRead", state::chunksRead);
    }

    /** Gives all memory back; without it the slot could not start the operator again. */
    void close() throws Exception {
        try {
            for (JoinSide side : sides) {
                if (side != null) {
                    side.releaseMemory();
                }
            }
            memory.close();
        } finally {
            memoryManager.releaseAllMemory(this);
        }
    }

    @Override
    public int evict(int chunks) throws Exception {
        int given = 0;
        for (int side = 0; side < sides.length && given < chunks; side++) {
            given += sides[side].evict(chunks - given);
        }
        return given;
    }

    @Override
    public void seal() throws Exception {
        for (JoinSide side : sides) {
            side.seal();
        }
    }
}
