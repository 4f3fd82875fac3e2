package org.nymi;

import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A failure with a number: a {@link Status}, or a {@link Result} of the library below 1000. Each family of numbers has a class; a newer
 * platform may have numbers that this version does not know.
 */
public class NymiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The number. */
    private final int status;
    /** What exactly was wrong. */
    private final String detail;
    /** The operation, or null. */
    private final String operation;
    /** Its exchange, or null. */
    private final String exchange;
    /** The number of the certificate error, or 0. */
    private final long nsl;

    NymiException(Failure failure) {
        super(sentence(failure));
        status = failure.status;
        detail = failure.detail;
        operation = failure.operation;
        exchange = failure.exchange;
        nsl = failure.nsl;
    }

    /** The exception of the family that the number belongs to. */
    static NymiException of(Failure failure) {
        int status = failure.status;
        if (status == Status.CANCELLED.code()) {
            return new CancelledException(failure);
        }
        if (status == Status.TERMINATED.code() || status == Result.TERMINATED.number()) {
            return new ClosedException(failure);
        }
        if (status == Status.NOT_FOUND.code()) {
            return new NotFoundException(failure);
        }
        if (status == Status.TIMEOUT_NES.code() || status == Status.TIMEOUT_BAND.code() || status == Result.TIMEOUT.number()) {
            return new NymiTimeoutException(failure);
        }
        switch (status / 1000) {
            case 0:
                return new LibraryException(failure);
            case 1:
                return new RequestException(failure);
            case 2:
                return new ServerException(failure);
            case 3:
                return new BandException(failure);
            case 4:
                return new AgentException(failure);
            case 5:
                return new EndpointException(failure);
            case 6:
                return status < Status.USER_NOT_FOUND.code() ? new PresenceException(failure) : new AccountException(failure);
            case 7:
                return new PolicyException(failure);
            case 8:
                return new NymiCertificateException(failure);
            default:
                return new InternalException(failure);
        }
    }

    /**
     * The number, such as 3020.
     *
     * @return the number of a {@link Status}, or below 1000 of a {@link Result}
     */
    public final int status() {
        return status;
    }

    /**
     * Whether it is this one.
     *
     * @param other a status
     * @return whether it is this one
     */
    public final boolean is(Status other) {
        return status == other.code();
    }

    /**
     * The name of the number, such as {@code BAND_NOT_PRESENT}.
     *
     * @return the name; empty if this version does not know the number
     */
    public final Optional<String> name() {
        return status < 1000 ? Result.of(status).map(Enum::name) : Status.of(status).map(Enum::name);
    }

    /**
     * What exactly was wrong this time: a field, a host, what was expected.
     *
     * @return the detail, which may be empty
     */
    public final String detail() {
        return detail;
    }

    /**
     * The operation that failed.
     *
     * @return its name; empty if it was none
     */
    public final Optional<String> operation() {
        return Optional.ofNullable(operation);
    }

    /**
     * The exchange of the operation that failed.
     *
     * @return what the program or this client named it; empty if it was none
     */
    public final Optional<String> exchange() {
        return Optional.ofNullable(exchange);
    }

    /**
     * With status 8000, the number of the certificate error.
     *
     * @return the number; empty for another status
     */
    public final OptionalLong nsl() {
        return nsl == 0 ? OptionalLong.empty() : OptionalLong.of(nsl);
    }

    /**
     * Why it usually happens.
     *
     * @return the cause; empty if this version does not know the number
     */
    public final Optional<String> usualCause() {
        return Status.of(status).map(Status::cause);
    }

    /**
     * What to do about it.
     *
     * @return the remedy; empty if this version does not know the number
     */
    public final Optional<String> remedy() {
        return Status.of(status).map(Status::remedy);
    }

    private static String sentence(Failure failure) {
        String known = Status.of(failure.status).map(Status::description).orElse("");
        String words = Stream.of(failure.description.isEmpty() ? known : failure.description, failure.detail, "(status " + failure.status + ")")
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining(" "));
        return failure.operation == null ? words : failure.operation + ": " + words;
    }
}
