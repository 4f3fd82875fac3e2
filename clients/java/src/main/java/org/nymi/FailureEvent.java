package org.nymi;

import java.util.Objects;

/** Something failed that no request caused, such as {@link Status#AGENT_MISSING}. The client goes on by itself. */
public final class FailureEvent implements Event {
    private final NymiException exception;

    FailureEvent(NymiException exception) {
        this.exception = Objects.requireNonNull(exception);
    }

    /**
     * What went wrong.
     *
     * @return what went wrong, not thrown
     */
    public NymiException exception() {
        return exception;
    }

    @Override
    public String toString() {
        return "FailureEvent{" + exception.getMessage() + "}";
    }
}
