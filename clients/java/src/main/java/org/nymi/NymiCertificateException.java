package org.nymi;

/** 8000 to 8999: certificates; {@link #nsl} says which error. */
public final class NymiCertificateException extends NymiException {
    private static final long serialVersionUID = 1;

    NymiCertificateException(Failure failure) {
        super(failure);
    }
}
