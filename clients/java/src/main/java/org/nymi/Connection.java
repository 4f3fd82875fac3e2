package org.nymi;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * What a client consists of: handle, queue, and the thread that reads updates. It does not know the client, so that one that was forgotten can be
 * collected and ended.
 */
final class Connection implements Runnable {
    /** So much longer than the agent a client waits: the agent's own refusal says more. */
    static final long GRACE_MS = 2000;

    private static final System.Logger LOG = System.getLogger("org.nymi");

    final Inbox inbox = new Inbox();
    final Listeners listeners;
    private final Router router = new Router(inbox::add);
    private final Handle handle;
    private final Thread reader;

    Connection(NativeApi api, Settings settings) {
        handle = new Handle(api, settings);
        listeners = new Listeners(inbox, "nymi-events " + settings.neaName);
        reader = new Thread(this, "nymi-reader " + settings.neaName);
        reader.setDaemon(true);
        try {
            reader.start();
        } catch (Throwable noThread) {
            handle.free();
            throw noThread;
        }
    }

    /** A request that was sent. */
    static final class Sent {
        final String exchange;
        /** Completes on the reader's thread, or with a TimeoutException on one of the platform's: nothing of the program may run there. */
        final CompletableFuture<Update> answer;

        Sent(String exchange, CompletableFuture<Update> answer) {
            this.exchange = exchange;
            this.answer = answer;
        }
    }

    /**
     * Sends a request.
     *
     * @throws NymiException the name is in use, the client was closed, or the library refuses
     */
    Sent send(String operation, String exchange, Map<String, Object> fields, long timeoutMs) {
        Map<String, Object> payload = new LinkedHashMap<>();
        payload.put("deadline_ms", timeoutMs);
        payload.putAll(fields);
        String name = exchange == null ? router.name() : exchange;
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("operation", operation);
        request.put("exchange", name);
        request.put("payload", payload);
        String text = Json.write(request);
        CompletableFuture<Update> answer = router.expect(name);
        try {
            handle.put(text);
        } catch (RuntimeException refused) {
            router.forget(name, answer);
            throw refused;
        }
        answer.orTimeout(patience(payload.get("deadline_ms"), timeoutMs) + GRACE_MS, TimeUnit.MILLISECONDS);
        return new Sent(name, answer);
    }

    /** Nobody waits for that answer any more: the agent need not go on. */
    void giveUp(Sent sent) {
        if (!router.ignore(sent.exchange, sent.answer)) {
            return;
        }
        // So that no timer holds on to it.
        sent.answer.cancel(false);
        try {
            send(Operation.CANCEL, null, Map.of("exchange", sent.exchange), Abi.DEFAULT_DEADLINE_MS);
        } catch (NymiException closed) {
            LOG.log(System.Logger.Level.DEBUG, "{0} was not cancelled: {1}", sent.exchange, closed.getMessage());
        }
    }

    void put(String request) {
        handle.put(request);
    }

    /** Ends it; the reader frees it. Does not wait. */
    void terminate() {
        listeners.stop();
        handle.terminate();
    }

    /** Waits until everything is ended, unless this thread is one of those that it would wait for. */
    void join() {
        if (Thread.currentThread() == reader || handle.isLogThread()) {
            return;
        }
        boolean interrupted = false;
        while (reader.isAlive()) {
            try {
                reader.join();
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The reader's thread. */
    @Override
    public void run() {
        try {
            for (String text = handle.get(); text != null; text = handle.get()) {
                router.deliver(Update.read(text));
            }
        } catch (Throwable fault) {
            LOG.log(System.Logger.Level.ERROR, "no more updates can be read", fault);
        } finally {
            router.end();
            inbox.end();
            handle.free();
        }
    }

    /** A deadline that the program put into the payload counts more than the timeout. */
    private static long patience(Object deadline, long timeoutMs) {
        if (deadline instanceof Number) {
            long named = ((Number) deadline).longValue();
            if (named > 0 && named <= Abi.MAX_DEADLINE_MS) {
                return named;
            }
        }
        return timeoutMs;
    }
}
