package org.nymi;

/** 2000 to 2999: the server cannot be reached, refuses, or is wrong. */
public class ServerException extends NymiException {
    private static final long serialVersionUID = 1;

    ServerException(Failure failure) {
        super(failure);
    }
}
