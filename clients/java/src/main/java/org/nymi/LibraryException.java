package org.nymi;

/** Below 1000: the C library refused a call; see {@link Result}. */
public final class LibraryException extends NymiException {
    private static final long serialVersionUID = 1;

    LibraryException(Failure failure) {
        super(failure);
    }
}
