package org.nymi;

/** 7000 to 7999: the policy does not allow it. */
public final class PolicyException extends NymiException {
    private static final long serialVersionUID = 1;

    PolicyException(Failure failure) {
        super(failure);
    }
}
