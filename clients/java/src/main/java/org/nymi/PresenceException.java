package org.nymi;

/** 6000 to 6009: it could not be proven that the band was there. */
public final class PresenceException extends NymiException {
    private static final long serialVersionUID = 1;

    PresenceException(Failure failure) {
        super(failure);
    }
}
