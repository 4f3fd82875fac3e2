package org.nymi;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/** Updates that nobody took yet. */
final class Inbox {
    /** So many wait; then the oldest is dropped. */
    static final int SIZE = 4096;

    private static final System.Logger LOG = System.getLogger("org.nymi");

    private final Deque<Update> updates = new ArrayDeque<>();
    private final Lock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean ended;

    void add(Update update) {
        Update dropped = null;
        lock.lock();
        try {
            if (updates.size() == SIZE) {
                dropped = updates.remove();
            }
            updates.add(update);
            changed.signal();
        } finally {
            lock.unlock();
        }
        if (dropped != null) {
            LOG.log(System.Logger.Level.WARNING, "{0} was dropped: {1} updates wait, and nobody takes them", dropped.operation(), SIZE);
        }
    }

    /** Nothing comes any more. */
    void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The oldest update; null if none came within the time.
     *
     * @throws ClosedException the client was closed, and nothing is left
     */
    Update take(long nanos) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long left = nanos;
            while (updates.isEmpty()) {
                if (ended) {
                    throw NymiException.of(Failure.of(Status.TERMINATED, ""));
                }
                if (left <= 0) {
                    return null;
                }
                left = changed.awaitNanos(left);
            }
            return updates.remove();
        } finally {
            lock.unlock();
        }
    }
}
