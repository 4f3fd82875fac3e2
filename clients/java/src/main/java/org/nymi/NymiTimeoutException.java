package org.nymi;

/** 3000, 3010, or {@link Result#TIMEOUT}: nothing came in time. */
public final class NymiTimeoutException extends BandException {
    private static final long serialVersionUID = 1;

    NymiTimeoutException(Failure failure) {
        super(failure);
    }
}
