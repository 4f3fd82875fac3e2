package org.nymi;

/** 6010 to 6999: the user or the user's account. */
public final class AccountException extends NymiException {
    private static final long serialVersionUID = 1;

    AccountException(Failure failure) {
        super(failure);
    }
}
