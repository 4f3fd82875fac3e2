package org.nymi;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The patterns of clients/scenarios/README.md. */
final class Pattern {
    private Pattern() {}

    static boolean fits(Object pattern, Object value) {
        return difference(pattern, value, "update") == null;
    }

    /** What of a value is not as the pattern says, or null. */
    static String difference(Object pattern, Object value, String at) {
        String shown = at + ": expected " + Json.write(pattern) + ", found " + Json.write(value);
        if (pattern instanceof List) {
            List<?> wanted = (List<?>) pattern;
            if (!(value instanceof List) || ((List<?>) value).size() != wanted.size()) {
                return shown;
            }
            for (int index = 0; index < wanted.size(); index++) {
                String fault = difference(wanted.get(index), ((List<?>) value).get(index), at + "[" + index + "]");
                if (fault != null) {
                    return fault;
                }
            }
            return null;
        }
        if (!(pattern instanceof Map)) {
            return Objects.equals(pattern, value) ? null : shown;
        }
        Map<?, ?> wanted = (Map<?, ?>) pattern;
        Object operator = wanted.keySet().stream().filter(key -> key.toString().startsWith("$")).findFirst().orElse(null);
        if (operator != null) {
            return isAs(operator.toString(), wanted.get(operator), value) ? null : shown;
        }
        if (!(value instanceof Map)) {
            return shown;
        }
        for (Map.Entry<?, ?> each : wanted.entrySet()) {
            String fault = field(each.getKey().toString(), each.getValue(), (Map<?, ?>) value, at);
            if (fault != null) {
                return fault;
            }
        }
        return null;
    }

    private static String field(String key, Object wanted, Map<?, ?> value, String at) {
        if (Map.of("$absent", true).equals(wanted)) {
            return value.containsKey(key) ? at + "." + key + " is there" : null;
        }
        return value.containsKey(key) ? difference(wanted, value.get(key), at + "." + key) : at + "." + key + " is missing";
    }

    private static boolean isAs(String operator, Object wanted, Object value) {
        switch (operator) {
            case "$type":
                return kind(wanted.toString()).isInstance(value);
            case "$match":
                return value instanceof String && java.util.regex.Pattern.compile(wanted.toString()).matcher((String) value).find();
            case "$length":
                return value instanceof List && Objects.equals(wanted, (long) ((List<?>) value).size());
            case "$contains":
                return value instanceof List && ((List<?>) value).stream().anyMatch(one -> fits(wanted, one));
            default:
                throw new IllegalArgumentException("no pattern " + operator);
        }
    }

    private static Class<?> kind(String name) {
        return Map.of("string", String.class, "number", Number.class, "boolean", Boolean.class, "object", Map.class, "array", List.class).get(name);
    }
}
