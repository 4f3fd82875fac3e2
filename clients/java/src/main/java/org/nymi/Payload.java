package org.nymi;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The fields of a message, each read as what it has to be. Fields that nobody reads are ignored. */
final class Payload {
    private final Map<String, Object> fields;

    Payload(Map<String, Object> fields) {
        this.fields = fields;
    }

    /** The object with these fields. */
    @SuppressWarnings("unchecked")
    static Payload of(Map<?, ?> object) {
        // Whatever Json makes has texts as keys.
        return new Payload((Map<String, Object>) object);
    }

    Map<String, Object> all() {
        return fields;
    }

    /** Whether the field is there and not null. */
    boolean has(String name) {
        return fields.get(name) != null;
    }

    String text(String name) {
        return as(String.class, fields.get(name), name);
    }

    boolean truth(String name) {
        return as(Boolean.class, fields.get(name), name);
    }

    int integer(String name) {
        long value = as(Long.class, fields.get(name), name);
        if (value != (int) value) {
            throw wrong(name);
        }
        return (int) value;
    }

    Instant time(String name) {
        try {
            return Instant.parse(text(name));
        } catch (DateTimeException noTime) {
            throw wrong(name);
        }
    }

    byte[] bytes(String name) {
        try {
            return Hex.bytes(text(name));
        } catch (IllegalArgumentException noHex) {
            throw wrong(name);
        }
    }

    <T> T word(String name, Function<String, T> of) {
        return of.apply(text(name));
    }

    <T> T object(String name, Function<Payload, T> read) {
        return read.apply(of(as(Map.class, fields.get(name), name)));
    }

    /** An object as it came; an empty one if it is not there. */
    Map<String, Object> map(String name) {
        return has(name) ? object(name, Payload::all) : Map.of();
    }

    List<String> texts(String name) {
        return list(name, String.class, each -> each);
    }

    <T> List<T> words(String name, Function<String, T> of) {
        return list(name, String.class, of);
    }

    <T> List<T> objects(String name, Function<Payload, T> read) {
        return list(name, Map.class, each -> read.apply(of(each)));
    }

    private <A, T> List<T> list(String name, Class<A> kind, Function<A, T> read) {
        List<T> made = new ArrayList<>();
        for (Object each : as(List.class, fields.get(name), name)) {
            made.add(read.apply(as(kind, each, name)));
        }
        return Collections.unmodifiableList(made);
    }

    private static <T> T as(Class<T> kind, Object value, String name) {
        if (!kind.isInstance(value)) {
            throw wrong(name);
        }
        return kind.cast(value);
    }

    private static Malformed wrong(String name) {
        return new Malformed("the field " + name + " is missing or not what it has to be");
    }
}
