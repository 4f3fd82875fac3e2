package org.nymi;

/** Takes the lines of the library's log. */
@FunctionalInterface
public interface LogListener {
    /**
     * A line, called on the thread of the library's callbacks, one call at a time. Keys, passwords and tokens are in none.
     *
     * @param level how much it matters
     * @param line the line, without its end
     */
    void log(LogLevel level, String line);
}
