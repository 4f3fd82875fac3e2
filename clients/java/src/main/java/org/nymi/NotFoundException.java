package org.nymi;

/** 2201: nothing matches. */
public final class NotFoundException extends ServerException {
    private static final long serialVersionUID = 1;

    NotFoundException(Failure failure) {
        super(failure);
    }
}
