package org.nymi;

import com.sun.jna.Memory;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Texts as the library takes them. */
final class CText {
    private CText() {}

    /**
     * UTF-8 with a NUL at the end.
     *
     * @throws IllegalArgumentException it has a NUL, at which the library would stop reading, or half a character
     */
    static byte[] bytes(String text, String what) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a NUL character in " + what);
        }
        ByteBuffer encoded;
        try {
            encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException half) {
            throw new IllegalArgumentException("half a character (an unpaired surrogate) in " + what);
        }
        byte[] made = new byte[encoded.remaining() + 1];
        encoded.get(made, 0, made.length - 1);
        return made;
    }

    /** The same in memory of its own, which lives as long as the object; null for null. */
    static Memory memory(String text, String what) {
        if (text == null) {
            return null;
        }
        byte[] bytes = bytes(text, what);
        Memory made = new Memory(bytes.length);
        made.write(0, bytes, 0, bytes.length);
        return made;
    }
}
