package juncture.join;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * What the planner decided about joins one behind the other on one key, all of whose bounds are on the time of the
 * first input.
 */
final class ChainDescription implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Inner and left ones. The left side of each after the first is what the one before makes, projected. */
    final JoinDescription[] joins;

    /** Before each join but the first: which columns of the result before are its left row's; null if all are. */
    final int[][] projections;

    /** What Flink calls the operators that the joins would be. */
    final String[] names;

    ChainDescription(String[] names, JoinDescription[] joins, int[][] projections) {
        this.names = names;
        this.joins = joins;
        this.projections = projections;
    }

    /** The first join's left side, then the right side of each. */
    List<JoinDescription.SideDescription> inputs() {
        final List<JoinDescription.SideDescription> inputs = new ArrayList<>();
        inputs.add(joins[0].left);
        for (JoinDescription join : joins) {
            inputs.add(join.right);
        }
        return inputs;
    }
}
