package org.nymi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @Test
    void readsEveryKindOfValue() {
        Map<String, Object> wanted = new LinkedHashMap<>();
        wanted.put("text", "Größe \"x\" \\ / \b\f\n\r\t \u0001 \uD83D\uDE00");
        wanted.put("numbers", Arrays.asList(0L, -7L, Long.MAX_VALUE, 1.5, -2e3, 0.0));
        wanted.put("words", Arrays.asList(true, false, null));
        wanted.put("empty", Arrays.asList(Map.of(), List.of()));
        String json = " {\"text\" : \"Gr\u00f6\\u00dfe \\\"x\\\" \\\\ \\/ \\b\\f\\n\\r\\t \\u0001 \\ud83d\\uDE00\",\r\n"
                + "\t\"numbers\":[0,-7,9223372036854775807,1.5,-2E+3,0e-7],\"words\":[true,false,null],\"empty\":[{ },[ ]]} ";
        assertEquals(wanted, Json.read(json));
        assertEquals(wanted, Json.read(Json.write(wanted)));
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", " ", "{", "}", "[", "]", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "{'a':1}", "\"", "\"\\", "\"\\x\"",
        "\"\\u12\"", "\"\\u12g4\"", "\"\\u٠٠٠٠\"", "\"\n\"", "\"\t\"", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN", "Infinity", "tru", "nul", "True",
        "1 1", "{}{}", "1e999", "9223372036854775808", "٣", "{\"a\":1,\"a\":2}", "\u00a01", "/**/1", "1//", "[1]]"
    })
    void refusesWhatIsNoJson(String text) {
        assertThrows(Malformed.class, () -> Json.read(text));
    }

    @Test
    void aMessageThatNestsDeeplyDoesNotOverflowTheStack() {
        assertEquals("[".repeat(128) + "]".repeat(128), Json.write(Json.read("[".repeat(128) + "]".repeat(128))));
        assertThrows(Malformed.class, () -> Json.read("[".repeat(129) + "]".repeat(129)));
        assertThrows(Malformed.class, () -> Json.read("[".repeat(1 << 20)));
        assertThrows(Malformed.class, () -> Json.read("{\"a\":".repeat(1 << 18)));
    }

    @Test
    void whatIsReadCannotBeChanged() {
        Map<?, ?> object = (Map<?, ?>) Json.read("{\"a\":[1]}");
        assertThrows(UnsupportedOperationException.class, object::clear);
        assertThrows(UnsupportedOperationException.class, ((List<?>) object.get("a"))::clear);
    }

    @Test
    void refusesToWriteWhatJsonDoesNotHave() {
        List<Object> itself = new ArrayList<>();
        itself.add(itself);
        for (Object value : Arrays.asList(Double.NaN, Float.POSITIVE_INFINITY, new Object(), Map.of(1, 2), itself, new int[] {1})) {
            assertThrows(IllegalArgumentException.class, () -> Json.write(value));
        }
        assertEquals("[1,2,3,\"x\"]", Json.write(Arrays.asList((short) 1, (byte) 2, BigInteger.valueOf(3), new StringBuilder("x"))));
    }

    @Test
    void anErrorDoesNotQuoteTheMessage() {
        Malformed malformed = assertThrows(Malformed.class, () -> Json.read("{\"password\":\"hunter2\" x"));
        assertEquals("no } at character 22", malformed.getMessage());
    }

    @Test
    void whateverIsWrittenIsReadAndWhateverIsReadEnds() {
        Random random = new Random(7);
        for (int round = 0; round < 2000; round++) {
            Object value = any(random, 0);
            String text = Json.write(value);
            assertEquals(value, Json.read(text));
            StringBuilder broken = new StringBuilder(text);
            for (int change = 0; change < 3; change++) {
                int each = random.nextInt(4) == 0 ? random.nextInt(65536) : "{}[]\",:\\u0e-1 ".charAt(random.nextInt(14));
                broken.setCharAt(random.nextInt(broken.length()), (char) each);
            }
            try {
                Json.write(Json.read(broken.toString()));
            } catch (Malformed malformed) {
                // Nothing else may be thrown.
            }
        }
    }

    private static Object any(Random random, int depth) {
        switch (random.nextInt(depth > 4 ? 5 : 7)) {
            case 0:
                return null;
            case 1:
                return random.nextBoolean();
            case 2:
                return random.nextLong();
            case 3:
                return random.nextGaussian();
            case 4:
                StringBuilder text = new StringBuilder();
                random.ints(random.nextInt(8), 0, 0xD800).forEach(text::appendCodePoint);
                return text.toString();
            case 5:
                List<Object> list = new ArrayList<>();
                random.ints(random.nextInt(4)).forEach(each -> list.add(any(random, depth + 1)));
                return list;
            default:
                Map<String, Object> object = new LinkedHashMap<>();
                random.ints(random.nextInt(4)).forEach(each -> object.put("k" + each, any(random, depth + 1)));
                return object;
        }
    }
}
