package org.nymi;

/** A message is not what it should be. Programs get an {@link InternalException} instead. */
final class Malformed extends RuntimeException {
    private static final long serialVersionUID = 1;

    Malformed(String what) {
        super(what);
    }
}
