package juncture.join;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.apache.flink.runtime.state.KeyGroupRange;
import org.apache.flink.table.runtime.operators.join.FlinkJoinType;
import org.junit.jupiter.api.Test;

/** Rows are found again wherever they are. */
class TimeBucketTest {
    /** With 4 GiB of rows in a log, addresses take the sign of an int. */
    @Test
    void findsTheLastOfHoweverManyRowsThatAreBack() throws Exception {
        final ChunkMemory memory = new ChunkMemory(1 << 20, 16 * 1024, null);
        final KeyGroupRange range = new KeyGroupRange(0, 0);
        final JoinDescription join = new Joins(FlinkJoinType.INNER, 0, 0, false).description();
        final JoinSide side = new JoinSide(0, RowFlags.ofOne(1), join.left, null, 1000, range, memory, null);
        final TimeBucket bucket = new TimeBucket(0, side, range, new HashIndex(memory, 1));
        final int offsets = Integer.SIZE - ChunkState.CHUNK_BITS;
        for (int chunk : new int[] {0, 1, ChunkState.LARGEST_CHUNK / 2, ChunkState.LARGEST_CHUNK / 2 + 1}) {
            for (int hash : new int[] {7, chunk}) {
                final int address = (chunk << offsets) + RowLog.FIRST;
                bucket.restored(address, hash);
                assertEquals(address, bucket.last(hash));
            }
        }
        bucket.releaseMemory();
        assertEquals(0, memory.allocated());
    }
}
