package org.nymi;

import java.time.Duration;
import java.util.Objects;

/**
 * What is asked of the platform: an operation with its fields. A request may be used again, by one thread at a time.
 *
 * @param <T> what it answers
 */
public abstract class Request<T> extends Fields {
    private Duration timeout;
    private String exchange;

    Request() {}

    /**
     * How long the answer may take.
     *
     * @param timeout more than 0 and at most 120 s; if it is never said, that of the client
     * @return this
     * @throws IllegalArgumentException it is not in that range
     */
    public Request<T> timeout(Duration timeout) {
        this.timeout = checked(timeout);
        return this;
    }

    /**
     * Gives the operation a name.
     *
     * @param exchange a name by which {@link Client#cancel} finds it; no two in flight may have the same
     * @return this
     */
    public Request<T> exchange(String exchange) {
        this.exchange = Objects.requireNonNull(exchange, "exchange");
        return this;
    }

    abstract String operation();

    /**
     * The answer.
     *
     * @throws Malformed a field is not what it has to be
     */
    abstract T read(Payload answer);

    final Duration timeout() {
        return timeout;
    }

    final String exchange() {
        return exchange;
    }

    /**
     * What the update answers.
     *
     * @throws NymiException that it failed, or that it cannot be read
     */
    final T result(Update update) {
        if (update.status() != Status.SUCCESS.code()) {
            throw NymiException.of(update.failure());
        }
        try {
            return read(new Payload(update.payload()));
        } catch (Malformed malformed) {
            throw NymiException.of(Failure.of(Status.INTERNAL, malformed.getMessage()).during(operation(), update.exchangeOrNull()));
        }
    }

    static Duration checked(Duration timeout) {
        Objects.requireNonNull(timeout, "timeout");
        if (timeout.isZero() || timeout.isNegative() || timeout.compareTo(Duration.ofMillis(Abi.MAX_DEADLINE_MS)) > 0) {
            throw new IllegalArgumentException("a timeout of " + timeout + "; it has to be more than 0 and at most " + Abi.MAX_DEADLINE_MS + " ms");
        }
        return timeout;
    }
}
