package org.nymi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class RouterTest {
    private final List<String> others = new ArrayList<>();
    private final Router router = new Router(update -> others.add(update.exchange().orElse("-")));

    private static Update update(String exchange, String payload) {
        String named = exchange == null ? "null" : "\"" + exchange + "\"";
        return Update.read("{\"operation\":\"firmware\",\"exchange\":" + named + ",\"status\":0,\"payload\":" + payload + ",\"error\":{}}");
    }

    @Test
    void answersGoToWhoWaitsAndTheRestToOthers() {
        CompletableFuture<Update> mine = router.expect("mine");
        RequestException inUse = assertThrows(RequestException.class, () -> router.expect("mine"));
        assertTrue(inUse.is(Status.DUPLICATE_EXCHANGE));
        router.deliver(update("mine", "{\"completed\":false}"));
        router.deliver(update("other", "{}"));
        router.deliver(update(null, "{}"));
        assertFalse(mine.isDone());
        router.deliver(update("mine", "{\"completed\":true}"));
        assertEquals("mine", mine.join().exchange().orElseThrow());
        router.deliver(update("mine", "{}"));
        assertEquals(List.of("other", "-", "mine"), others);
    }

    @Test
    void anAnswerThatWasGivenUpGoesNowhere() {
        CompletableFuture<Update> late = router.expect("late");
        assertTrue(router.ignore("late", late));
        assertFalse(router.ignore("late", late));
        assertThrows(RequestException.class, () -> router.expect("late"));
        router.deliver(update("late", "{}"));
        assertFalse(late.isDone());
        assertEquals(List.of(), others);
        CompletableFuture<Update> again = router.expect("late");
        assertFalse(router.ignore("late", late), "that of another request of the same name");
        router.deliver(update("late", "{}"));
        assertTrue(again.isDone());
    }

    @Test
    void whoWaitsAtTheEndIsToldSo() {
        CompletableFuture<Update> before = router.expect("before");
        router.end();
        CompletableFuture<Update> after = router.expect("after");
        for (CompletableFuture<Update> one : List.of(before, after)) {
            assertEquals(Status.TERMINATED.code(), one.join().status());
        }
    }

    @Test
    void whenNobodyTakesUpdatesTheOldestGoes() throws Exception {
        Inbox inbox = new Inbox();
        assertNull(inbox.take(0));
        for (int number = 0; number <= Inbox.SIZE; number++) {
            inbox.add(update("u" + number, "{}"));
        }
        assertEquals("u1", inbox.take(0).exchange().orElseThrow());
        inbox.end();
        for (int number = 2; number <= Inbox.SIZE; number++) {
            assertEquals("u" + number, inbox.take(0).exchange().orElseThrow());
        }
        assertThrows(ClosedException.class, () -> inbox.take(Long.MAX_VALUE));
    }
}
