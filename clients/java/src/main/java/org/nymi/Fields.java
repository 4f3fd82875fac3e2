package org.nymi;

import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Something with fields that messages name. */
abstract class Fields {
    private static final DateTimeFormatter TIME = new DateTimeFormatterBuilder().appendInstant(3).toFormatter();

    /** Puts the fields as messages have them; null for what is absent. */
    abstract void write(Map<String, Object> fields);

    /** The fields that nobody should read in a log. */
    Set<String> secrets() {
        return Set.of();
    }

    /** The fields that are there. */
    Map<String, Object> toMessage() {
        Map<String, Object> fields = new LinkedHashMap<>();
        write(fields);
        fields.values().removeIf(Objects::isNull);
        return fields;
    }

    static Object value(Object value) {
        if (value instanceof byte[]) {
            return Hex.text((byte[]) value);
        }
        if (value instanceof Instant) {
            return TIME.format((Instant) value);
        }
        if (value instanceof Word) {
            return ((Word) value).word();
        }
        return value instanceof Fields ? ((Fields) value).toMessage() : value;
    }

    static List<Object> list(List<?> values) {
        if (values == null) {
            return null;
        }
        List<Object> made = new ArrayList<>();
        values.forEach(each -> made.add(value(each)));
        return made;
    }

    /** The name and the fields, without secrets. */
    @Override
    public final String toString() {
        Map<String, Object> shown = toMessage();
        secrets().forEach(secret -> shown.computeIfPresent(secret, (name, value) -> "***"));
        return getClass().getSimpleName() + shown;
    }
}
