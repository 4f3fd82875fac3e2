package org.nymi;

/** Bytes as messages have them. */
final class Hex {
    private Hex() {}

    /**
     * The bytes.
     *
     * @throws IllegalArgumentException it is not hex
     */
    static byte[] bytes(String text) {
        if (text.length() % 2 != 0) {
            throw new IllegalArgumentException("an odd number of digits");
        }
        byte[] made = new byte[text.length() / 2];
        for (int index = 0; index < made.length; index++) {
            made[index] = (byte) (digit(text.charAt(2 * index)) << 4 | digit(text.charAt(2 * index + 1)));
        }
        return made;
    }

    /** In lower case. */
    static String text(byte[] bytes) {
        StringBuilder made = new StringBuilder(2 * bytes.length);
        for (byte each : bytes) {
            made.append(Character.forDigit(each >> 4 & 15, 16)).append(Character.forDigit(each & 15, 16));
        }
        return made.toString();
    }

    private static int digit(char each) {
        int worth = each < 128 ? Character.digit(each, 16) : -1;
        if (worth < 0) {
            throw new IllegalArgumentException("not a digit of hex");
        }
        return worth;
    }
}
