import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Iterator;
import org.apache.flink.annotation.docs.Documentation;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigurationUtils;
import org.apache.flink.configuration.FallbackKey;

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
                Object[] values = kind.isEnum() ? kind.getEnumConstants() : new Object[0];
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

    /** Whether Flink can convert a value to the type of an option: null, or what it says of it. */
    public String refusal(ClassLoader loader, String owner, String name, String key, String value)
            throws Exception {
        Class type = Class.forName(owner, true, loader);
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        Object instance = owner.endsWith("$") ? type.getField("MODULE$").get(null) : null;
        org.apache.flink.configuration.Configuration configuration = new org.apache.flink.configuration.Configuration();
        configuration.setString(key, value);
        try {
            configuration.get((ConfigOption) field.get(instance));
            return null;
        } catch (RuntimeException refused) {
            return String.valueOf(refused.getMessage());
        }
    }
}
