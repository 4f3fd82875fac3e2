package org.nymi;

/** What an exception tells. */
final class Failure {
    final int status;
    final String description;
    final String detail;
    final long nsl;
    final String operation;
    final String exchange;

    Failure(int status, String description, String detail, long nsl) {
        this(status, description, detail, nsl, null, null);
    }

    private Failure(int status, String description, String detail, long nsl, String operation, String exchange) {
        this.status = status;
        this.description = description;
        this.detail = detail;
        this.nsl = nsl;
        this.operation = operation;
        this.exchange = exchange;
    }

    static Failure of(Status status, String detail) {
        return new Failure(status.code(), status.description(), detail, 0);
    }

    /** The same, of an operation. */
    Failure during(String operation, String exchange) {
        return new Failure(status, description, detail, nsl, operation.isEmpty() ? null : operation, exchange);
    }
}
