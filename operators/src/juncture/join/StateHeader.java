package juncture.join;

import org.apache.flink.table.types.logical.RowType;

import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What has to be known to read the chunks: their format, the width of the buckets and the columns of both sides.
 *
 * <p>Kept as lines of text in operator state, so that a version that can't read the rows can still tell why.
 */
final class StateHeader {
    private static final String PREFIX = "juncture event-join";

    final int format;
    final long width;
    final String left;
    final String right;

    private StateHeader(int format, long width, String left, String right) {
        this.format = format;
        this.width = width;
        this.left = left;
        this.right = right;
    }

    static StateHeader of(JoinDescription description, long width) {
        return new StateHeader(
                ChunkState.FORMAT, width, columns(description.left), columns(description.right));
    }

    /** Raises IllegalStateException if the text was not written by any version of this operator. */
    static StateHeader parse(String text) {
        final String[] lines = text.split("\n", -1);
        if (lines.length < 5 || !lines[0].equals(PREFIX)) {
            throw new IllegalStateException("The state of this join was not written by Juncture's operator: " + text);
        }
        return new StateHeader(Integer.parseInt(lines[1]), Long.parseLong(lines[2]), lines[3], lines[4]);
    }

    String text() {
        return String.join("\n", PREFIX, Integer.toString(format), Long.toString(width), left, right);
    }

    /** The header to go on with when this one describes the state and `now` the job. */
    StateHeader continueAs(StateHeader now) {
        if (format != now.format) {
            throw new IllegalStateException(
                    String.format(
                            Locale.ROOT,
                            "The state of this join has format %d, and this version of Juncture's operator reads"
                                    + " format %d only. Nothing was read. Restore with the version that wrote it.",
                            format,
                            now.format));
        }
        refuseOtherColumns("left", left, now.left);
        refuseOtherColumns("right", right, now.right);
        // The buckets stay as they were: a changed bound costs speed at most.
        return this;
    }

    private static void refuseOtherColumns(String side, String stored, String wanted) {
        if (!stored.equals(wanted)) {
            throw new IllegalStateException(
                    String.format(
                            "The %s rows in this join's state have the columns %s, and the job wants %s. Nothing was"
                                    + " read. Start without this state, or keep the columns.",
                            side, stored, wanted));
        }
    }

    private static String columns(JoinDescription.SideDescription side) {
        return ((RowType) side.type.toLogicalType())
                .getFields().stream()
                        .map(field -> field.getName() + " " + field.getType().asSummaryString())
                        .collect(Collectors.joining(", ", "(", ")"))
                        .replace("\n", " ");
    }
}
