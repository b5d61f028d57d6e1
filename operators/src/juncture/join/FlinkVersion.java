package juncture.join;

import org.apache.flink.runtime.util.EnvironmentInformation;

/** The version of Flink, on whose insides this package relies, that it was tested with. */
final class FlinkVersion {
    private static final String TESTED = "2.3.0";

    private FlinkVersion() {}

    /** Throws IllegalStateException in a Flink of any other version. */
    static void require() {
        final String version = EnvironmentInformation.getVersion();
        if (!TESTED.equals(version)) {
            throw new IllegalStateException(
                    "Juncture's join operator was tested with Flink "
                            + TESTED
                            + ", and this is Flink "
                            + version
                            + ". Nothing was changed. Use Flink's own interval join, or a Juncture that knows this Flink.");
        }
    }
}
