import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Iterator;
import org.apache.flink.annotation.docs.Documentation;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ConfigurationUtils;
import org.apache.flink.configuration.FallbackKey;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.RestartStrategyOptions.RestartStrategyType;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.runtime.state.CheckpointStorageLoader;
import org.apache.flink.runtime.state.StateBackendLoader;
import org.apache.flink.util.DynamicCodeLoadingException;

/** Every option and every prefix that classes declare. Janino compiles it, which knows neither generics nor lambdas. */
public class ListOptions {

    /**
     * One line an option: its key, other names, class, field, type, "list" or "", values of an enum; parted by tabs,
     * several by commas. One line a prefix: "*" and the prefix.
     */
    public String of(ClassLoader loader, String classes) throws Exception {
        Method type = ConfigOption.class.getDeclaredMethod("getClazz", new Class[0]);
        Method isList = ConfigOption.class.getDeclaredMethod("isList", new Class[0]);
        type.setAccessible(true);
        isList.setAccessible(true);
        StringBuilder out = new StringBuilder();
        String[] names = classes.split(",");
        for (int i = 0; i < names.length; i++) {
            Class owner = Class.forName(names[i], true, loader);
            Object instance = names[i].endsWith("$") ? owner.getField("MODULE$").get(null) : null;
            Field[] fields = owner.getDeclaredFields();
            for (int j = 0; j < fields.length; j++) {
                Field field = fields[j];
                if (instance == null && !Modifier.isStatic(field.getModifiers())) {
                    continue;
                }
                field.setAccessible(true);
                if (field.getType() == String.class) {
                    String text = (String) field.get(instance);
                    if (field.getName().endsWith("PREFIX")) {
                        out.append("*").append(text).append("\n");
                    }
                    continue;
                }
                if (field.getType() != ConfigOption.class) {
                    continue;
                }
                ConfigOption option = (ConfigOption) field.get(instance);
                Documentation.SuffixOption suffix =
                        (Documentation.SuffixOption) field.getAnnotation(Documentation.SuffixOption.class);
                if (suffix != null) {
                    out.append("*").append(suffix.value()).append("\n");
                    continue;
                }
                out.append(option.key()).append("\t");
                Iterator others = option.fallbackKeys().iterator();
                while (others.hasNext()) {
                    out.append(((FallbackKey) others.next()).getKey()).append(others.hasNext() ? "," : "");
                }
                Class kind = (Class) type.invoke(option, new Object[0]);
                out.append("\t").append(names[i]).append("\t").append(field.getName());
                out.append("\t").append(kind.getName()).append("\t");
                out.append(((Boolean) isList.invoke(option, new Object[0])).booleanValue() ? "list" : "").append("\t");
                Object[] values = kind.isEnum() ? kind.getEnumConstants() : names(option.key());
                for (int k = 0; k < values.length; k++) {
                    out.append(k == 0 ? "" : ",").append(values[k]);
                }
                out.append("\n");
                if (ConfigurationUtils.canBePrefixMap(option)) {
                    out.append("*").append(option.key()).append(".\n");
                }
            }
        }
        return out.toString();
    }

    /** The names among which Flink chooses by a text; none where any text will do. */
    private static Object[] names(String key) {
        if (key.equals(RestartStrategyOptions.RESTART_STRATEGY.key())) {
            RestartStrategyType[] types = RestartStrategyType.values();
            Object[] names = new Object[types.length];
            for (int i = 0; i < types.length; i++) {
                names[i] = types[i].getMainValue();
            }
            return names;
        }
        if (key.equals(StateBackendOptions.STATE_BACKEND.key())) {
            return new Object[] {
                StateBackendLoader.HASHMAP_STATE_BACKEND_NAME,
                StateBackendLoader.ROCKSDB_STATE_BACKEND_NAME,
                StateBackendLoader.FORST_STATE_BACKEND_NAME
            };
        }
        if (key.equals(CheckpointingOptions.CHECKPOINT_STORAGE.key())) {
            return new Object[] {"jobmanager", "filesystem"};
        }
        return new Object[0];
    }

    /** Throws what Flink throws of a name that it does not know. Classes' names are the cluster's to find. */
    private static void choose(ClassLoader loader, String key, String value, ReadableConfig configuration)
            throws Exception {
        if (key.equals(RestartStrategyOptions.RESTART_STRATEGY.key())) {
            RestartStrategyType.of(value);
        } else if (value.indexOf('.') < 0 && key.equals(StateBackendOptions.STATE_BACKEND.key())) {
            StateBackendLoader.loadStateBackendFromConfig(configuration, loader, null);
        } else if (value.indexOf('.') < 0 && key.equals(CheckpointingOptions.CHECKPOINT_STORAGE.key())) {
            CheckpointStorageLoader.fromConfig(configuration, loader, null);
        }
    }

    /** Whether Flink can convert a value to the type of an option: null, or what it says of it. */
    public String refusal(ClassLoader loader, String owner, String name, String key, String value)
            throws Exception {
        Class type = Class.forName(owner, true, loader);
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        Object instance = owner.endsWith("$") ? type.getField("MODULE$").get(null) : null;
        Configuration configuration = new Configuration();
        configuration.setString(key, value);
        try {
            ConfigOption option = (ConfigOption) field.get(instance);
            Object read = configuration.get(option);
            choose(loader, option.key(), String.valueOf(read), configuration);
            return null;
        } catch (RuntimeException refused) {
            return String.valueOf(refused.getMessage());
        } catch (DynamicCodeLoadingException refused) {
            return String.valueOf(refused.getMessage());
        }
    }
}
