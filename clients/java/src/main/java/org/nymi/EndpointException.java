package org.nymi;

/** 5000 to 5999: the terminal, its adapter or reader. */
public final class EndpointException extends NymiException {
    private static final long serialVersionUID = 1;

    EndpointException(Failure failure) {
        super(failure);
    }
}
