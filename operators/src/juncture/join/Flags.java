package juncture.join;

import java.util.Arrays;

/** A flag for each row of a log, kept in the state as a bit a row. */
final class Flags {
    private final int keyGroup;
    private final long number;
    private final ChunkState state;

    private long[] words = new long[1];
    private boolean dirty;
    private boolean written;

    /** @param number under which the flags are kept. */
    Flags(int keyGroup, long number, ChunkState state) {
        this.keyGroup = keyGroup;
        this.number = number;
        this.state = state;
    }

    boolean isSet(int ordinal) {
        return (word(ordinal >>> 6) & (1L << ordinal)) != 0;
    }

    void set(int ordinal) {
        final int word = ordinal >>> 6;
        if (word >= words.length) {
            words = Arrays.copyOf(words, Math.max(word + 1, words.length * 2));
        }
        words[word] |= 1L << ordinal;
        dirty = true;
    }

    void clear(int ordinal) {
        final int word = ordinal >>> 6;
        if (word < words.length) {
            words[word] &= ~(1L << ordinal);
            dirty = true;
        }
    }

    /** The flags of rows `64 * word` and after. */
    long word(int word) {
        return word < words.length ? words[word] : 0;
    }

    /** Writes what the state does not have yet. */
    void flush(int rows) throws Exception {
        if (dirty) {
            state.writeMatches(keyGroup, number, bytes(rows));
            dirty = false;
            written = true;
        }
    }

    void restore() throws Exception {
        final byte[] bytes = state.readMatches(keyGroup, number);
        if (bytes != null) {
            words = new long[Math.max(1, (bytes.length + 7) >>> 3)];
            for (int at = 0; at < bytes.length; at++) {
                words[at >>> 3] |= (bytes[at] & 0xffL) << ((at & 7) << 3);
            }
            written = true;
        }
    }

    /** Removes them from the state. */
    void remove() throws Exception {
        if (written) {
            state.removeMatches(keyGroup, number);
            written = false;
        }
    }

    private byte[] bytes(int rows) {
        final byte[] bytes = new byte[(rows + 7) >>> 3];
        for (int at = 0; at < bytes.length; at++) {
            bytes[at] = (byte) (word(at >>> 3) >>> ((at & 7) << 3));
        }
        return bytes;
    }
}
