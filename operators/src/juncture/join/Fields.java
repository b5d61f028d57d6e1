package juncture.join;

import java.lang.reflect.Field;

/** Fields of Flink's objects that nothing public tells or changes. */
final class Fields {
    private Fields() {}

    /** @throws IllegalStateException if neither the object's class nor one above it has such a field. */
    static Object read(Object owner, String name) {
        try {
            return find(owner, name).get(owner);
        } catch (IllegalAccessException error) {
            throw new IllegalStateException(error);
        }
    }

    /** @throws IllegalStateException as of `read`. */
    static void write(Object owner, String name, Object value) {
        try {
            find(owner, name).set(owner, value);
        } catch (IllegalAccessException error) {
            throw new IllegalStateException(error);
        }
    }

    private static Field find(Object owner, String name) {
        for (Class<?> type = owner.getClass(); type != null; type = type.getSuperclass()) {
            try {
                final Field field = type.getDeclaredField(name);
                field.setAccessible(true);
                return field;
            } catch (NoSuchFieldException absent) {
                // Declared further up.
            }
        }
        throw new IllegalStateException(owner.getClass() + " has no field " + name);
    }
}
