package juncture.join;

/** Which rows of a side a snapshot still has, and a restore leaves out. */
final class Expiry {
    private final long all;
    private final long[] unmatched;
    private final RowFlags flags;

    /**
     * @param all rows up to this time.
     * @param unmatched for each join of the side's flags, rows up to this time that have none of its; may be empty.
     */
    Expiry(long all, long[] unmatched, RowFlags flags) {
        this.all = all;
        this.unmatched = unmatched;
        this.flags = flags;
    }

    /** The latest time of such a row. */
    long latest() {
        long latest = all;
        for (long each : unmatched) {
            latest = Math.max(latest, each);
        }
        return latest;
    }

    boolean isOver(long time, int flagBits) {
        for (int join = 0; join < unmatched.length; join++) {
            if (time <= unmatched[join] && (flagBits & flags.bits(join)) == 0) {
                return true;
            }
        }
        return time <= all;
    }
}
