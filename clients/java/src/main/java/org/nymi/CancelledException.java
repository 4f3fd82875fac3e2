package org.nymi;

/** 1006: the operation was cancelled, or the thread that waited was interrupted. */
public final class CancelledException extends RequestException {
    private static final long serialVersionUID = 1;

    CancelledException(Failure failure) {
        super(failure);
    }
}
