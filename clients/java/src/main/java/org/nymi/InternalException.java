package org.nymi;

/** 9000 and above: a fault in the platform. */
public final class InternalException extends NymiException {
    private static final long serialVersionUID = 1;

    InternalException(Failure failure) {
        super(failure);
    }
}
