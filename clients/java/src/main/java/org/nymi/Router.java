package org.nymi;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** Gives each answer to who waits for it, and everything else to others. */
final class Router {
    private final ConcurrentMap<String, CompletableFuture<Update>> waiting = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();
    private final Consumer<Update> others;
    private volatile boolean ended;

    Router(Consumer<Update> others) {
        this.others = others;
    }

    /** A new name for a request. */
    String name() {
        return "nymi-java-" + numbers.incrementAndGet();
    }

    /**
     * From now on the answer to this exchange completes the future.
     *
     * @throws RequestException 1005, the name is in use
     */
    CompletableFuture<Update> expect(String exchange) {
        CompletableFuture<Update> answer = new CompletableFuture<>();
        if (waiting.putIfAbsent(exchange, answer) != null) {
            throw NymiException.of(Failure.of(Status.DUPLICATE_EXCHANGE, exchange));
        }
        if (ended) {
            end();
        }
        return answer;
    }

    /** Nobody waits for that answer any more; whether it had not come yet. It is still taken from the others. */
    boolean ignore(String exchange, CompletableFuture<Update> answer) {
        return waiting.replace(exchange, answer, new CompletableFuture<>());
    }

    /** No answer will come: the request was not sent. */
    void forget(String exchange, CompletableFuture<Update> answer) {
        waiting.remove(exchange, answer);
    }

    /** Passes an update on. */
    void deliver(Update update) {
        String exchange = update.exchangeOrNull();
        if (exchange == null || !waiting.containsKey(exchange)) {
            others.accept(update);
        } else if (update.isLast()) {
            finish(exchange, update);
        }
    }

    /** After the last update: whoever still waits is told that the client was closed. */
    void end() {
        ended = true;
        waiting.keySet().forEach(exchange -> finish(exchange, Update.terminated(exchange)));
    }

    private void finish(String exchange, Update update) {
        CompletableFuture<Update> answer = waiting.remove(exchange);
        if (answer != null) {
            answer.complete(update);
        }
    }
}
