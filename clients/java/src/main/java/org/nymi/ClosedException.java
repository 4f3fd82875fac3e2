package org.nymi;

/** 1007: the client was closed. */
public final class ClosedException extends RequestException {
    private static final long serialVersionUID = 1;

    ClosedException(Failure failure) {
        super(failure);
    }
}
