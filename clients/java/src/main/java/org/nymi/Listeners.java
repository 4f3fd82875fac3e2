package org.nymi;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** The listeners of a client, and the thread that calls them. */
final class Listeners implements Runnable {
    private static final System.Logger LOG = System.getLogger("org.nymi");

    private final List<Entry> entries = new CopyOnWriteArrayList<>();
    private final Inbox inbox;
    private final String threadName;
    private volatile boolean started;
    private volatile boolean stopped;

    Listeners(Inbox inbox, String threadName) {
        this.inbox = inbox;
        this.threadName = threadName;
    }

    /** Whether updates go to listeners, and so to nobody else. */
    boolean areUsed() {
        return started;
    }

    /** From now on no listener is called, and none is taken. */
    synchronized void stop() {
        stopped = true;
        entries.clear();
    }

    <E extends Event> Registration onEvent(Client owner, Class<E> kind, Consumer<? super E> listener) {
        return add(new Entry(owner, (update, event) -> event.filter(kind::isInstance).map(kind::cast).ifPresent(listener)));
    }

    Registration onUpdate(Client owner, Consumer<? super Update> listener) {
        return add(new Entry(owner, (update, event) -> listener.accept(update)));
    }

    private synchronized Registration add(Entry entry) {
        if (stopped) {
            throw NymiException.of(Failure.of(Status.TERMINATED, ""));
        }
        entries.add(entry);
        if (!started) {
            started = true;
            Thread thread = new Thread(this, threadName);
            thread.setDaemon(true);
            thread.start();
        }
        // A registration that was closed keeps no client.
        AtomicReference<Entry> kept = new AtomicReference<>(entry);
        return () -> {
            Entry ended = kept.getAndSet(null);
            if (ended != null) {
                entries.remove(ended);
            }
        };
    }

    @Override
    public void run() {
        try {
            while (!stopped) {
                Update update = inbox.take(Long.MAX_VALUE);
                Optional<Event> event = update.event();
                for (Entry entry : entries) {
                    call(entry, update, event);
                }
            }
        } catch (ClosedException end) {
            // Nothing comes any more.
        } catch (InterruptedException interrupted) {
            LOG.log(System.Logger.Level.WARNING, "the thread of the listeners was interrupted; they hear no more", interrupted);
        }
    }

    private void call(Entry entry, Update update, Optional<Event> event) {
        if (stopped) {
            return;
        }
        try {
            entry.listener.accept(update, event);
        } catch (Throwable thrown) {
            // The next event is for the others, and for this one, too.
            LOG.log(System.Logger.Level.WARNING, "a listener threw", thrown);
        }
        // What a listener did to its thread is not for the next one.
        Thread.interrupted();
    }

    /** A listener keeps its client: who listens need not hold the client as well. */
    private static final class Entry {
        private final Client owner;
        private final Listener listener;

        Entry(Client owner, Listener listener) {
            this.owner = owner;
            this.listener = listener;
        }
    }

    private interface Listener {
        void accept(Update update, Optional<Event> event);
    }
}
