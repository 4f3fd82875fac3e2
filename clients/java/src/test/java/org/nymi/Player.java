package org.nymi;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/** A client of a scenario, and what it was told and nobody took yet. Either waits for everything, or has futures and listeners. */
final class Player {
    /** A step did not go as the scenario says. */
    static final class Failed extends Exception {
        private static final long serialVersionUID = 1;

        Failed(String what) {
            super(what);
        }
    }

    private static final long EVENT_S = 10;
    private static final long ANSWER_S = 20;

    private final Client client;
    private final boolean futures;
    private final List<Map<String, Object>> updates = new ArrayList<>();
    private final ExecutorService workers = Executors.newCachedThreadPool();

    Player(boolean futures, String name, String agent, Path store) {
        this.futures = futures;
        client = Client.builder(name).agentUrl(agent).storeDirectory(store).build();
        if (futures) {
            client.onUpdate(this::add);
        } else {
            workers.execute(this::read);
        }
    }

    private void read() {
        try {
            while (true) {
                add(client.waitUpdate(Duration.ofDays(1)));
            }
        } catch (ClosedException end) {
            // The scenario is over.
        }
    }

    private void add(Update update) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("operation", update.operation());
        message.put("exchange", update.exchange().orElse(null));
        message.put("status", (long) update.status());
        // What programs are given of an event, so that a field that is read wrongly is noticed.
        Object payload = update.event().filter(Fields.class::isInstance).<Object>map(event -> ((Fields) event).toMessage()).orElse(update.payload());
        message.put("payload", normal(payload));
        message.put("error", update.error());
        synchronized (updates) {
            updates.add(message);
            updates.notifyAll();
        }
    }

    /** As if it had been read from JSON. */
    private static Object normal(Object value) {
        return Json.read(Json.write(value));
    }

    void close() {
        client.close();
        workers.shutdown();
    }

    void put(String text) throws Failed {
        try {
            client.put(text);
        } catch (NymiException refused) {
            throw new Failed(refused.getMessage());
        }
    }

    /** The oldest update that fits, taken out. */
    Map<String, Object> take(Object pattern, String what) throws Failed, InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(EVENT_S);
        Predicate<Map<String, Object>> fits = update -> Pattern.fits(pattern, update);
        synchronized (updates) {
            while (true) {
                for (Map<String, Object> update : updates) {
                    if (fits.test(update)) {
                        updates.remove(update);
                        return update;
                    }
                }
                long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
                if (left <= 0) {
                    throw new Failed(what + " did not come; there was " + Json.write(updates));
                }
                updates.wait(left);
            }
        }
    }

    boolean has(Object pattern) {
        synchronized (updates) {
            return updates.stream().anyMatch(update -> Pattern.fits(pattern, update));
        }
    }

    /** The answer as an update. */
    CompletableFuture<Map<String, Object>> start(String operation, Map<String, Object> payload) {
        Calls.Call call = Calls.of(operation, payload);
        CompletableFuture<Object> answer = futures ? later(call) : CompletableFuture.supplyAsync(() -> now(call), workers);
        return answer.handle((found, failure) -> {
            Map<String, Object> update = new LinkedHashMap<>();
            NymiException told = failure == null ? null : (NymiException) (failure instanceof CompletionException ? failure.getCause() : failure);
            update.put("status", failure == null ? 0L : (long) told.status());
            update.put("payload", failure == null ? normal(call.message.apply(found)) : Map.of());
            update.put("specifics", failure == null ? "" : told.detail());
            return update;
        });
    }

    Map<String, Object> answer(CompletableFuture<Map<String, Object>> started) throws Failed, InterruptedException {
        try {
            return started.get(ANSWER_S, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            throw new Failed("no answer came");
        } catch (java.util.concurrent.ExecutionException fault) {
            throw new IllegalStateException(fault);
        }
    }

    private Object now(Calls.Call call) {
        return invoke(call.method, call.arguments);
    }

    @SuppressWarnings("unchecked")
    private CompletableFuture<Object> later(Calls.Call call) {
        return (CompletableFuture<Object>) invoke(call.method + "Async", call.arguments);
    }

    private Object invoke(String name, Object[] arguments) {
        for (Method method : Client.class.getMethods()) {
            if (method.getName().equals(name) && method.getParameterCount() == arguments.length && method.getDeclaringClass() == Client.class) {
                try {
                    return method.invoke(client, arguments);
                } catch (InvocationTargetException thrown) {
                    if (thrown.getCause() instanceof NymiException) {
                        throw (NymiException) thrown.getCause();
                    }
                    throw new IllegalStateException(thrown.getCause());
                } catch (IllegalAccessException hidden) {
                    throw new IllegalStateException(hidden);
                }
            }
        }
        throw new IllegalStateException("no method " + name);
    }
}
