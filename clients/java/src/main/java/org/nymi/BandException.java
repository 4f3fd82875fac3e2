package org.nymi;

/** 3000 to 3999: the band is away, locked, out of date, or refuses. */
public class BandException extends NymiException {
    private static final long serialVersionUID = 1;

    BandException(Failure failure) {
        super(failure);
    }
}
