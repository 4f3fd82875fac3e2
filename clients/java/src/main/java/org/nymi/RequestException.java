package org.nymi;

/** 1000 to 1009: the request itself; the program has to be changed. */
public class RequestException extends NymiException {
    private static final long serialVersionUID = 1;

    RequestException(Failure failure) {
        super(failure);
    }
}
