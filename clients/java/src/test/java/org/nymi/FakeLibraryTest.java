package org.nymi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a library may do that the real one hardly does. */
class FakeLibraryTest {
    private final FakeLibrary library = new FakeLibrary();
    private final Client client = Client.builder("Records").build(library);

    @AfterEach
    void close() {
        client.close();
        assertEquals(1, library.freedClients.get());
        assertEquals(Map.of(), library.texts, "texts that were not freed");
    }

    private void answer(String exchange, String payload) {
        library.updates.add("{\"operation\":\"firmware\",\"exchange\":\"" + exchange + "\",\"status\":0,\"payload\":" + payload + ",\"error\":{}}");
    }

    private static final String VERSIONS = "{\"firmware_version\":\"1\",\"hardware_version\":\"2\"}";

    @Test
    void malformedUpdatesAreToldAndTheRestGoesOn() {
        CompletableFuture<FirmwareAnswer> asked = client.runAsync(new FirmwareRequest("b").exchange("x"));
        for (String broken : List.of("", "{", "[]", "{\"operation\":1}", "[".repeat(100_000), "\u0001", "{\"a\":1,\"a\":2}")) {
            library.updates.add(broken);
        }
        library.updates.add(Result.INTERRUPTED.number());
        answer("x", VERSIONS);
        assertEquals("1", asked.join().firmwareVersion());
        for (int told = 0; told < 7; told++) {
            Update update = client.waitUpdate(Duration.ofSeconds(10));
            assertEquals(Status.INTERNAL.code(), update.status());
            assertInstanceOf(InternalException.class, ((FailureEvent) update.event().orElseThrow()).exception());
        }
    }

    @Test
    void aMalformedAnswerIsAFaultNotAHang() {
        Map<String, String> broken = Map.of(
                "firmware_version", "'operation':'firmware','exchange':'x','status':0,'payload':{'firmware_version':{}},'error':{}",
                "operation", "'operation':5,'exchange':'x','status':0,'payload':{},'error':{}",
                "status", "'operation':'firmware','exchange':'x','status':'hunter2','payload':{},'error':{}",
                "payload", "'operation':'firmware','exchange':'x','status':0,'payload':['hunter2'],'error':{}",
                "error", "'operation':'firmware','exchange':'x','status':0,'payload':{},'error':'hunter2'");
        broken.forEach((field, fields) -> {
            CompletableFuture<FirmwareAnswer> asked = client.runAsync(new FirmwareRequest("b").exchange("x"));
            library.updates.add(json("{" + fields + "}"));
            Throwable failure = assertThrows(CompletionException.class, asked::join).getCause();
            assertEquals(Status.INTERNAL.code(), ((InternalException) failure).status());
            assertTrue(failure.getMessage().contains("the field " + field + " "), failure.getMessage());
            assertFalse(failure.getMessage().contains("hunter2"), failure.getMessage());
        });
    }

    @Test
    void whoWaitsForATapHearsOfWhatCannotBeRead() {
        String good = "'endpoint_id':'e','NymiBandID':'b','method':'nfc','intent_id':'i'";
        Map<String, String> broken = Map.of(
                "an event tap cannot be read: the field at ", "{'operation':'tap','status':0,'payload':{" + good + ",'at':'hunter2'}}",
                "an update tap cannot be read: the field payload ", "{'operation':'tap','status':0,'payload':['hunter2']}",
                "an update tap cannot be read: the field exchange ", "{'operation':'tap','exchange':5,'status':0,'payload':{}}",
                "told by the library", "{'operation':'error','status':9000,'error':{'error_specifics':'told by the library'}}");
        broken.forEach((said, update) -> {
            library.updates.add(json("{'operation':'error','status':4000}"));
            library.updates.add(json(update));
            library.updates.add(json("{'operation':'tap','status':0,'payload':{" + good + ",'at':'2026-11-22T01:09:02Z'}}"));
            InternalException failure = assertThrows(InternalException.class, () -> client.waitTap(Duration.ofSeconds(10)));
            assertTrue(failure.detail().contains(said), failure.detail());
            assertFalse(failure.detail().contains("hunter2"), failure.detail());
            assertEquals("i", client.waitTap(Duration.ofSeconds(10)).intentId());
        });
    }

    @Test
    void listenersForFailuresHearOfAnEventThatCannotBeRead() throws Exception {
        BlockingQueue<NymiException> heard = new LinkedBlockingQueue<>();
        client.onFailure(heard::add);
        library.updates.add(json("{'operation':'presence','status':0,'payload':{}}"));
        assertTrue(heard.poll(10, TimeUnit.SECONDS).detail().startsWith("an event presence cannot be read: "));
    }

    /** With quotes that are easier to read. */
    private static String json(String text) {
        return text.replace('\'', '"');
    }

    @Test
    void whenTheLibraryHasNoMoreUpdatesWhoWaitsIsTold() {
        CompletableFuture<FirmwareAnswer> asked = client.firmwareAsync("b");
        library.updates.add(Result.NO_MEMORY.number());
        assertInstanceOf(ClosedException.class, assertThrows(CompletionException.class, asked::join).getCause());
        assertThrows(ClosedException.class, () -> client.waitUpdate(Duration.ofSeconds(10)));
        assertThrows(ClosedException.class, () -> client.firmware("b"));
    }

    @Test
    void anErrorOfTheLibraryIsAnExceptionAndFreed() {
        library.putResult = Result.NO_MEMORY.number();
        LibraryException refused = assertThrows(LibraryException.class, client::info);
        assertEquals("Größe. detail (status " + Result.NO_MEMORY.number() + ")", refused.getMessage());
        assertEquals(OptionalLong.of(12), refused.nsl());
        library.putResult = Result.BAD_HANDLE.number();
        assertInstanceOf(ClosedException.class, assertThrows(CompletionException.class, client.infoAsync()::join).getCause());
        library.putResult = Result.OKAY.number();
        CompletableFuture<FirmwareAnswer> again = client.runAsync(new FirmwareRequest("b").exchange("nymi-java-1"));
        assertFalse(again.isDone(), "the name of a request that was not sent is free");
    }

    @Test
    void withoutAnAnswerTheClientGivesUpByItself() {
        FirmwareRequest request = new FirmwareRequest("b").timeout(Duration.ofMillis(1)).exchange("x");
        NymiTimeoutException late = assertThrows(NymiTimeoutException.class, () -> client.run(request));
        assertTrue(late.is(Status.TIMEOUT_NES));
        CompletableFuture<FirmwareAnswer> asked = client.runAsync(request.exchange("y"));
        assertInstanceOf(NymiTimeoutException.class, assertThrows(CompletionException.class, asked::join).getCause());
        assertEquals(1L, payload(0).get("deadline_ms"));
        assertSent("firmware", "cancel", "firmware", "cancel");
        assertEquals("x", payload(1).get("exchange"));
        assertEquals("y", payload(3).get("exchange"));
    }

    @Test
    void whateverEndsAFutureCancelsTheOperationOnce() {
        CompletableFuture<FirmwareAnswer> cancelled = client.runAsync(new FirmwareRequest("b").exchange("a"));
        assertTrue(cancelled.cancel(true));
        CompletableFuture<FirmwareAnswer> failed = client.runAsync(new FirmwareRequest("b").exchange("b"));
        failed.completeExceptionally(new IllegalStateException());
        CompletableFuture<FirmwareAnswer> late = client.runAsync(new FirmwareRequest("b").exchange("c")).orTimeout(1, TimeUnit.MILLISECONDS);
        assertThrows(CompletionException.class, late::join);
        assertSent("firmware", "cancel", "firmware", "cancel", "firmware", "cancel");
        CompletableFuture<List<EndpointInfo>> part = client.listEndpointsAsync();
        part.cancel(true);
        CompletableFuture<FirmwareAnswer> answered = client.runAsync(new FirmwareRequest("b").exchange("e"));
        answer("e", VERSIONS);
        answered.join();
        answered.cancel(true);
        assertSent("firmware", "cancel", "firmware", "cancel", "firmware", "cancel", "list_endpoints", "cancel", "firmware");
        // Answers that come all the same are nobody's.
        answer("a", VERSIONS);
        assertThrows(NymiTimeoutException.class, () -> client.waitUpdate(Duration.ofMillis(50)));
    }

    @Test
    void aNameInUseIsRefusedBeforeSending() {
        CompletableFuture<FirmwareAnswer> first = client.runAsync(new FirmwareRequest("b").exchange("x"));
        assertTrue(assertThrows(RequestException.class, () -> client.run(new FirmwareRequest("b").exchange("x"))).is(Status.DUPLICATE_EXCHANGE));
        assertTrue(client.runAsync(new FirmwareRequest("b").exchange("x")).isCompletedExceptionally());
        answer("x", VERSIONS);
        first.join();
        assertEquals(List.of("firmware"), operations());
    }

    @Test
    void anExecutorThatTakesNothingDoesNotLeaveAFutureOpen() {
        FakeLibrary other = new FakeLibrary();
        try (Client refusing = Client.builder("Records").executor(task -> {
            throw new RejectedExecutionException();
        }).build(other)) {
            CompletableFuture<FirmwareAnswer> asked = refusing.runAsync(new FirmwareRequest("b").exchange("x"));
            other.updates.add("{\"operation\":\"firmware\",\"exchange\":\"x\",\"status\":0,\"payload\":" + VERSIONS + ",\"error\":{}}");
            assertThrows(CompletionException.class, asked::join);
        }
    }

    @Test
    void aStageOnTheThreadThatReadsMayCloseTheClient() throws Exception {
        FakeLibrary other = new FakeLibrary();
        Client direct = Client.builder("Records").executor(Runnable::run).build(other);
        CompletableFuture<Void> closed = direct.runAsync(new FirmwareRequest("b").exchange("x")).thenRun(direct::close);
        other.updates.add("{\"operation\":\"firmware\",\"exchange\":\"x\",\"status\":0,\"payload\":" + VERSIONS + ",\"error\":{}}");
        closed.get(10, TimeUnit.SECONDS);
        direct.close();
        assertEquals(1, other.freedClients.get());
    }

    @Test
    void aStageMayWaitForAnotherOperation() throws Exception {
        CompletableFuture<String> second = client.runAsync(new FirmwareRequest("b").exchange("x"))
                .thenApply(first -> client.run(new FirmwareRequest("b").exchange("y")).hardwareVersion());
        answer("x", VERSIONS);
        while (library.requests.size() < 2) {
            Thread.sleep(1);
        }
        answer("y", VERSIONS);
        assertEquals("2", second.get(10, TimeUnit.SECONDS));
    }

    @Test
    void listenersHearInOrderWhatWasThereAndWhatComes() throws Exception {
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        endpoint("before");
        while (client.waitUpdate(Duration.ofSeconds(10)).event().isEmpty()) {
            // Not yet.
        }
        endpoint("kept");
        Registration broken = client.onEndpoint(event -> {
            Thread.currentThread().interrupt();
            throw new StackOverflowError();
        });
        Registration first = client.onEndpoint(event -> heard.add(Thread.currentThread().getName() + " " + event.endpointId()));
        endpoint("then");
        String said = heard.poll(10, TimeUnit.SECONDS);
        while (!said.endsWith("then")) {
            assertEquals("nymi-events Records kept", said);
            said = heard.poll(10, TimeUnit.SECONDS);
        }
        assertThrows(IllegalStateException.class, () -> client.waitTap(Duration.ofSeconds(1)));
        first.close();
        first.close();
        broken.close();
        BlockingQueue<Update> all = new LinkedBlockingQueue<>();
        client.onUpdate(all::add);
        library.updates.add("{\"operation\":\"new\",\"exchange\":null,\"status\":0,\"payload\":{},\"error\":{}}");
        assertEquals("new", all.poll(10, TimeUnit.SECONDS).operation());
        assertEquals(0, heard.size());
    }

    private void endpoint(String id) {
        library.updates.add("{\"operation\":\"endpoint\",\"exchange\":null,\"status\":0,\"payload\":{\"endpoint_id\":\"" + id
                + "\",\"event\":\"gone\"},\"error\":{}}");
    }

    /** What was sent, once there are so many: a future ends before what its end brings about. */
    private void assertSent(String... expected) {
        for (int waited = 0; operations().size() < expected.length && waited < 1000; waited++) {
            LockSupport.parkNanos(10_000_000);
        }
        assertEquals(List.of(expected), operations());
    }

    private List<String> operations() {
        return library.requests.stream().map(one -> one.get("operation").toString()).collect(java.util.stream.Collectors.toList());
    }

    private Map<String, Object> payload(int request) {
        return Conformance.map(library.requests.get(request).get("payload"));
    }
}
