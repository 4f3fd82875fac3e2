package org.nymi;

import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** A message of the library, as it came. */
public final class Update {
    private static final System.Logger LOG = System.getLogger("org.nymi");

    private final String operation;
    private final String exchange;
    private final int status;
    private final Map<String, Object> payload;
    private final Map<String, Object> error;

    private Update(String operation, String exchange, int status, Map<String, Object> payload, Map<String, Object> error) {
        this.operation = operation;
        this.exchange = exchange;
        this.status = status;
        this.payload = payload;
        this.error = error;
    }

    /**
     * Reads what the library gives. What cannot be read is a failure with status 9000: of the request that it answers, if it says which, so that nobody
     * waits in vain; else one that no request caused.
     */
    static Update read(String json) {
        String named = "an update";
        String exchange = null;
        try {
            Object value = Json.read(json);
            if (!(value instanceof Map)) {
                throw new Malformed("it is no object");
            }
            Payload update = Payload.of((Map<?, ?>) value);
            if (update.all().get("operation") instanceof String) {
                named += " " + update.text("operation");
            }
            exchange = update.has("exchange") ? update.text("exchange") : null;
            return new Update(update.text("operation"), exchange, update.integer("status"), update.map("payload"), update.map("error"));
        } catch (Malformed malformed) {
            LOG.log(System.Logger.Level.WARNING, "{0} cannot be read: {1}", named, malformed.getMessage());
            return unreadable(exchange, named + " cannot be read: " + malformed.getMessage());
        }
    }

    private static Update unreadable(String exchange, String why) {
        Map<String, Object> error = Map.of("error_description", Status.INTERNAL.description(), "error_specifics", why);
        return new Update(EventName.ERROR, exchange, Status.INTERNAL.code(), Map.of(), error);
    }

    /** What stands for an answer after the end. */
    static Update terminated(String exchange) {
        return new Update("", exchange, Status.TERMINATED.code(), Map.of(), Map.of());
    }

    /**
     * The operation or the event.
     *
     * @return the name of the operation or of the event
     */
    public String operation() {
        return operation;
    }

    /**
     * That of the request.
     *
     * @return that of the request; empty for events
     */
    public Optional<String> exchange() {
        return Optional.ofNullable(exchange);
    }

    String exchangeOrNull() {
        return exchange;
    }

    /**
     * Whether it succeeded.
     *
     * @return 0 for success, else the number of a {@link Status}
     */
    public int status() {
        return status;
    }

    /**
     * The answer, or what happened.
     *
     * @return maps, lists, String, Long, Double, Boolean and null, none of which can be changed
     */
    public Map<String, Object> payload() {
        return payload;
    }

    /**
     * What went wrong.
     *
     * @return as {@link #payload}; empty for success
     */
    public Map<String, Object> error() {
        return error;
    }

    /**
     * Whether no other update follows for the same request.
     *
     * @return false while the operation goes on
     */
    public boolean isLast() {
        return !Boolean.FALSE.equals(payload.get("completed"));
    }

    /**
     * What happened.
     *
     * @return the event, if it is one that this version knows; a {@link FailureEvent} for one that cannot be read
     */
    public Optional<Event> event() {
        if (exchange != null) {
            return Optional.empty();
        }
        Payload fields = new Payload(payload);
        try {
            switch (operation) {
                case EventName.TAP:
                    return Optional.of(new TapEvent(fields));
                case EventName.PRESENCE:
                    return Optional.of(new PresenceEvent(fields));
                case EventName.ENDPOINT:
                    return Optional.of(new EndpointEvent(fields));
                case EventName.ERROR:
                    return Optional.of(new FailureEvent(NymiException.of(failure())));
                default:
                    return Optional.empty();
            }
        } catch (Malformed malformed) {
            Failure failure = Failure.of(Status.INTERNAL, "an event " + operation + " cannot be read: " + malformed.getMessage());
            return Optional.of(new FailureEvent(NymiException.of(failure)));
        }
    }

    Failure failure() {
        Object nsl = error.get("nsl");
        Failure made = new Failure(status, text("error_description"), text("error_specifics"), nsl instanceof Long ? (Long) nsl : 0);
        return exchange == null ? made : made.during(operation, exchange);
    }

    private String text(String name) {
        return Objects.toString(error.get(name), "");
    }

    /** Without the payload, which may hold keys and passwords. */
    @Override
    public String toString() {
        return "Update{operation=" + operation + ", exchange=" + exchange + ", status=" + status + ", error=" + error + "}";
    }
}
