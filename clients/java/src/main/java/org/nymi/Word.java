package org.nymi;

/** A value that is a word in messages. */
interface Word {
    /**
     * The word.
     *
     * @return the word in messages
     */
    String word();
}
