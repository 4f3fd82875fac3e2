package org.nymi;

/** A listener that a client calls until this is closed. */
public interface Registration extends AutoCloseable {
    /** Calls it no more; a call that goes on is not waited for. Again is harmless. */
    @Override
    void close();
}
