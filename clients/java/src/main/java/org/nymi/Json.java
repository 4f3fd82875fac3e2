package org.nymi;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * JSON of RFC 8259 as maps, lists, texts, numbers, truth values and null.
 *
 * <p>What nests deeper than {@link #DEPTH}, names a key twice or has a number out of range is refused, so that no message makes the stack overflow or
 * says two things.
 */
final class Json {
    /** How deep lists and objects may nest; the library's own limit. */
    static final int DEPTH = 128;

    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    /**
     * Reads one value. Objects keep the order of their keys; whole numbers are Long, others Double.
     *
     * @throws Malformed it is not JSON, or more than this client takes
     */
    static Object read(String text) {
        Json json = new Json(text);
        Object value = json.value(0);
        json.space();
        if (json.at < text.length()) {
            throw json.malformed("text after the value");
        }
        return value;
    }

    /**
     * Writes a value: null, CharSequence, Boolean, numbers of java.lang and java.math, Map and Collection.
     *
     * @throws IllegalArgumentException it holds anything else, a number that is none, or nests too deep
     */
    static String write(Object value) {
        StringBuilder to = new StringBuilder();
        write(value, to, 0);
        return to.toString();
    }

    private Object value(int depth) {
        space();
        switch (peek()) {
            case '{':
                return object(depth);
            case '[':
                return list(depth);
            case '"':
                return string();
            case 't':
                return word("true", true);
            case 'f':
                return word("false", false);
            case 'n':
                return word("null", null);
            default:
                return number();
        }
    }

    private Map<String, Object> object(int depth) {
        deeper(depth);
        Map<String, Object> made = new LinkedHashMap<>();
        at++;
        space();
        if (taken('}')) {
            return Collections.unmodifiableMap(made);
        }
        do {
            space();
            String key = string();
            space();
            need(':');
            Object value = value(depth + 1);
            if (made.containsKey(key)) {
                throw malformed("a key that is there twice");
            }
            made.put(key, value);
            space();
        } while (taken(','));
        need('}');
        return Collections.unmodifiableMap(made);
    }

    private List<Object> list(int depth) {
        deeper(depth);
        List<Object> made = new ArrayList<>();
        at++;
        space();
        if (taken(']')) {
            return Collections.unmodifiableList(made);
        }
        do {
            made.add(value(depth + 1));
            space();
        } while (taken(','));
        need(']');
        return Collections.unmodifiableList(made);
    }

    private String string() {
        need('"');
        StringBuilder made = new StringBuilder();
        while (true) {
            char next = peek();
            at++;
            if (next == '"') {
                return made.toString();
            }
            if (next < ' ') {
                throw malformed("a control character in a text");
            }
            made.append(next == '\\' ? escaped() : next);
        }
    }

    private char escaped() {
        char kind = peek();
        at++;
        switch (kind) {
            case '"':
            case '\\':
            case '/':
                return kind;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                int made = 0;
                for (int digit = 0; digit < 4; digit++) {
                    char each = peek();
                    int worth = each < 128 ? Character.digit(each, 16) : -1;
                    if (worth < 0) {
                        throw malformed("an escape that is none");
                    }
                    made = made * 16 + worth;
                    at++;
                }
                return (char) made;
            default:
                throw malformed("an escape that is none");
        }
    }

    private Object number() {
        int from = at;
        taken('-');
        if (!taken('0')) {
            digits();
        }
        boolean whole = true;
        if (taken('.')) {
            whole = false;
            digits();
        }
        if (taken('e') || taken('E')) {
            whole = false;
            if (!taken('+')) {
                taken('-');
            }
            digits();
        }
        String found = text.substring(from, at);
        try {
            if (whole) {
                return Long.valueOf(found);
            }
            double made = Double.parseDouble(found);
            if (!Double.isInfinite(made)) {
                return made;
            }
        } catch (NumberFormatException outOfRange) {
            // As below.
        }
        throw malformed("a number out of range");
    }

    private void digits() {
        int from = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        if (at == from) {
            throw malformed("no value where one has to be");
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw malformed("no value where one has to be");
        }
        at += word.length();
        return value;
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw malformed("an end too soon");
        }
        return text.charAt(at);
    }

    private boolean taken(char wanted) {
        boolean found = at < text.length() && text.charAt(at) == wanted;
        if (found) {
            at++;
        }
        return found;
    }

    private void need(char wanted) {
        if (!taken(wanted)) {
            throw malformed("no " + wanted);
        }
    }

    private void deeper(int depth) {
        if (depth >= DEPTH) {
            throw malformed("more than " + DEPTH + " levels");
        }
    }

    /** Names the place only: the text may hold keys and passwords. */
    private Malformed malformed(String what) {
        return new Malformed(what + " at character " + at);
    }

    private static void write(Object value, StringBuilder to, int depth) {
        if (value == null || value instanceof Boolean || isWhole(value)) {
            to.append(value);
        } else if (value instanceof CharSequence) {
            quote((CharSequence) value, to);
        } else if (value instanceof Float || value instanceof Double || value instanceof BigDecimal) {
            double number = ((Number) value).doubleValue();
            if (Double.isNaN(number) || Double.isInfinite(number)) {
                throw new IllegalArgumentException("a number that JSON does not have: " + value);
            }
            to.append(value);
        } else if (depth >= DEPTH) {
            throw new IllegalArgumentException("more than " + DEPTH + " levels");
        } else if (value instanceof Map) {
            String between = "{";
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                if (!(entry.getKey() instanceof CharSequence)) {
                    throw new IllegalArgumentException("a key that is no text");
                }
                quote((CharSequence) entry.getKey(), to.append(between));
                write(entry.getValue(), to.append(':'), depth + 1);
                between = ",";
            }
            to.append(between.equals("{") ? "{}" : "}");
        } else if (value instanceof Collection) {
            String between = "[";
            for (Object each : (Collection<?>) value) {
                write(each, to.append(between), depth + 1);
                between = ",";
            }
            to.append(between.equals("[") ? "[]" : "]");
        } else {
            throw new IllegalArgumentException("JSON has nothing for a " + value.getClass().getName());
        }
    }

    private static boolean isWhole(Object value) {
        return value instanceof Long
                || value instanceof Integer
                || value instanceof Short
                || value instanceof Byte
                || value instanceof java.math.BigInteger;
    }

    private static void quote(CharSequence text, StringBuilder to) {
        to.append('"');
        for (int index = 0; index < text.length(); index++) {
            char each = text.charAt(index);
            if (each == '"' || each == '\\') {
                to.append('\\').append(each);
            } else if (each < ' ' || each == '\u007f') {
                to.append(String.format("\\u%04x", (int) each));
            } else {
                to.append(each);
            }
        }
        to.append('"');
    }
}
