package juncture.join;

import java.util.stream.IntStream;

/**
 * Which flags the rows of a side have: for each join that may put them out unmatched as many, of which one says that it
 * has.
 */
final class RowFlags {
    /** How far the number of a chain's flag for rows put out is from that for matched ones. */
    private static final int PUT_OUT = 32;

    /** Rows without flags. */
    static final RowFlags NONE = new RowFlags(0, new int[0]);

    final int joins;
    private final int[] slots;

    private RowFlags(int joins, int[] slots) {
        this.joins = joins;
        this.slots = slots;
    }

    /** Those of one join: one flag for rows that have matched, or were put out without, which ends them alike. */
    static RowFlags ofOne(int otherSide) {
        return new RowFlags(1, new int[] {otherSide});
    }

    /** Those of so many joins one behind the other: a row goes on after the first has put it out. */
    static RowFlags ofChain(int joins) {
        return new RowFlags(
                joins,
                IntStream.range(0, 2 * joins).map(flag -> flag / 2 + 1 + flag % 2 * PUT_OUT).toArray());
    }

    /** The first flag of a join, which says that a row has matched; up to that of the next one all are its. */
    int first(int join) {
        return joins == 0 ? 0 : join * (slots.length / joins);
    }

    /** The flags of a join, a bit for each. */
    int bits(int join) {
        int bits = 0;
        for (int flag = first(join); flag < first(join + 1); flag++) {
            bits |= 1 << flag;
        }
        return bits;
    }

    /** The flag of a join that says that a row was put out without a match. */
    int putOut(int join) {
        return first(join + 1) - 1;
    }

    /** Under which numbers the flags of a bucket are kept: the slot takes the place of the chunk. */
    long[] numbers(long bucket, int side) {
        final long[] numbers = new long[slots.length];
        for (int flag = 0; flag < slots.length; flag++) {
            numbers[flag] = ChunkState.number(bucket, side, slots[flag]);
        }
        return numbers;
    }
}
