package org.nymi;

/** The C library was not found, or does not fit this package. The message names each place that was tried. */
public final class LibraryNotFoundException extends RuntimeException {
    private static final long serialVersionUID = 1;

    LibraryNotFoundException(String message, Throwable cause) {
        super(message, cause);
    }
}
