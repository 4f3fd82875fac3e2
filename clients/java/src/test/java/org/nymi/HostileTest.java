package org.nymi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Programs that do what they should not, with the library itself and without an agent. */
class HostileTest {
    private static final String NOWHERE = "ws://127.0.0.1:1";

    @TempDir
    Path store;

    private Client.Builder builder(String name) {
        return Client.builder(name).agentUrl(NOWHERE).storeDirectory(store);
    }

    private Client client() {
        return builder("Records").build();
    }

    /** A login at a server that takes connections and never says anything. */
    private static InitRequest login(ServerSocket silent) {
        String l1 = Live.ROOT.resolve("nymi-core/tests/vectors/enterprise/l1.pem").toString();
        return new InitRequest().nesUrl("http://127.0.0.1:" + silent.getLocalPort() + "/nes").l1(l1).username("A\\b").password("c");
    }

    private static ServerSocket silent() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    private static void eventually(BooleanSupplier wanted) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!wanted.getAsBoolean()) {
            assertTrue(System.nanoTime() < until, "it did not come to pass");
            Thread.sleep(5);
        }
    }

    private static boolean hasThread(String name) {
        return Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().equals(name));
    }

    /** The number of threads of the library. */
    private static int nativeThreads() {
        int count = 0;
        for (File task : new File("/proc/self/task").listFiles()) {
            try {
                count += Files.readString(task.toPath().resolve("comm")).startsWith("nymi") ? 1 : 0;
            } catch (IOException ended) {
                // It ended meanwhile.
            }
        }
        return count;
    }

    @Test
    void afterCloseEverythingSaysSo() {
        Client client = client();
        Registration registration = client.onTap(tap -> {});
        client.close();
        client.close();
        registration.close();
        assertTrue(client.isClosed());
        assertEquals("Client{Records, closed}", client.toString());
        List<Executable> calls = List.of(client::info, () -> client.firmware("b"), () -> client.put("{}"), () -> client.init(new InitRequest()),
                () -> client.cancel("x"), () -> client.onTap(tap -> {}), () -> client.onPresence(presence -> {}), () -> client.onEndpoint(change -> {}),
                () -> client.onFailure(failure -> {}), () -> client.onUpdate(update -> {}));
        for (Executable call : calls) {
            assertTerminated(assertThrows(ClosedException.class, call));
        }
        assertTerminated(assertThrows(CompletionException.class, client.infoAsync()::join).getCause());
        Client waiting = client();
        waiting.close();
        assertTerminated(assertThrows(ClosedException.class, () -> waiting.waitTap(Duration.ofSeconds(5))));
        assertTerminated(assertThrows(ClosedException.class, () -> {
            while (true) {
                waiting.waitUpdate(Duration.ofSeconds(5));
            }
        }));
    }

    /** Whatever the library says of a handle that is gone. */
    private static void assertTerminated(Throwable thrown) {
        assertEquals(Status.TERMINATED.code(), ((ClosedException) thrown).status());
        assertTrue(((ClosedException) thrown).remedy().isPresent());
    }

    @Test
    void manyCloseAtOnceWhileOthersCall() throws Exception {
        Client client = client();
        List<Throwable> thrown = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int index = 0; index < 16; index++) {
            boolean closes = index % 4 == 3;
            threads.add(new Thread(() -> {
                try {
                    for (int call = 0; call < 50; call++) {
                        client.info();
                    }
                    if (closes) {
                        client.close();
                    }
                    while (true) {
                        client.info();
                    }
                } catch (Throwable end) {
                    synchronized (thrown) {
                        thrown.add(end);
                    }
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(16, thrown.size());
        thrown.forEach(end -> assertInstanceOf(ClosedException.class, end));
    }

    @Test
    void manyThreadsGetTheirOwnAnswers() throws Exception {
        try (Client client = client()) {
            List<CompletableFuture<InfoAnswer>> asked = new ArrayList<>();
            List<Thread> threads = new ArrayList<>();
            for (int index = 0; index < 8; index++) {
                threads.add(new Thread(() -> {
                    for (int call = 0; call < 100; call++) {
                        client.info();
                        CompletableFuture<InfoAnswer> one = client.infoAsync();
                        synchronized (asked) {
                            asked.add(one);
                        }
                    }
                }));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(800, asked.size());
            for (CompletableFuture<InfoAnswer> one : asked) {
                assertEquals(Client.libraryVersion(), one.get(20, TimeUnit.SECONDS).version());
            }
        }
    }

    @Test
    void nullIsRefusedByName() {
        refusesNull("neaName", () -> Client.builder(null));
        Client.Builder builder = builder("Records");
        refusesNull("agentUrl", () -> builder.agentUrl(null));
        refusesNull("storeDirectory", () -> builder.storeDirectory(null));
        refusesNull("logDirectory", () -> builder.log(null, LogLevel.INFO));
        refusesNull("level", () -> builder.log(store, null), () -> builder.onLog(null, (level, line) -> {}));
        refusesNull("listener", () -> builder.onLog(LogLevel.INFO, null));
        refusesNull("executor", () -> builder.executor(null));
        refusesNull("timeout", () -> builder.timeout(null), () -> new InfoRequest().timeout(null));
        refusesNull("exchange", () -> new InfoRequest().exchange(null));
        refusesNull("operation", () -> new RawRequest(null, Map.of()));
        refusesNull("payload", () -> new RawRequest("info", null));
        refusesNull("the name of a field of the payload", () -> new RawRequest("info", Collections.singletonMap(null, 1)));
        try (Client client = client()) {
            refusesNull("request", () -> client.run(null), () -> client.runAsync(null), () -> client.init(null), () -> client.lookup(null),
                    () -> client.assertIdentityAsync(null), () -> client.symmetricKey(null), () -> client.put(null));
            refusesNull("endpointId", () -> client.subscribe(null), () -> client.subscribeAsync(null), () -> client.unsubscribe(null));
            refusesNull("hash", () -> client.sign("b", null));
            refusesNull("device", () -> client.sign(null, new byte[32]), () -> client.firmware(null));
            refusesNull("notification", () -> client.notify("b", null));
            refusesNull("listener", () -> client.onTap(null), () -> client.onFailure(null), () -> client.onUpdate(null));
            refusesNull("timeout", () -> client.waitTap(null), () -> client.waitEvent(null), () -> client.waitUpdate(null));
            client.info();
        }
    }

    private static void refusesNull(String name, Executable... calls) {
        for (Executable call : calls) {
            assertEquals(name, assertThrows(NullPointerException.class, call).getMessage());
        }
    }

    @Test
    void textsThatTheLibraryCannotTakeAreRefusedRatherThanCutOff() {
        for (String text : List.of("Records\0Evil", "Records\ud800")) {
            assertThrows(IllegalArgumentException.class, () -> builder(text).build());
            assertThrows(IllegalArgumentException.class, () -> builder("Records").agentUrl(NOWHERE + text).build());
            try (Client client = client()) {
                assertThrows(IllegalArgumentException.class, () -> client.put("{\"operation\":\"" + text + "\"}"));
            }
        }
        try (Client client = client()) {
            // Escaped, it is JSON, and for the platform to refuse.
            assertThrows(NymiException.class, () -> client.run(new RawRequest("in\0fo", Map.of())));
            assertThrows(IllegalArgumentException.class, () -> client.run(new RawRequest("info", Map.of("x", "\udc00"))));
            assertThrows(IllegalArgumentException.class, () -> client.run(new RawRequest("info", Map.of("x", new Object()))));
            assertThrows(IllegalArgumentException.class, () -> client.runAsync(new RawRequest("info", Map.of("x", Double.NaN))));
            client.info();
        }
    }

    @Test
    void whatTheLibraryRefusesIsAnException() {
        LibraryException name = assertThrows(LibraryException.class, () -> Client.builder("x").build());
        assertEquals(Result.BAD_ARGUMENT.number(), name.status());
        assertTrue(name.detail().contains("nea_name"), name.detail());
        LibraryException log = assertThrows(LibraryException.class, () -> builder("Records").log(store.resolve("missing"), LogLevel.INFO).build());
        assertEquals(Result.LOG_UNUSABLE.number(), log.status());
        try (Client client = client()) {
            for (String request : List.of("", "{", "\"" + "x".repeat(1 << 20) + "\"")) {
                assertEquals(Result.BAD_ARGUMENT.number(), assertThrows(LibraryException.class, () -> client.put(request)).status());
            }
            RawRequest large = new RawRequest("info", Map.of("x", "x".repeat(1 << 20)));
            assertThrows(LibraryException.class, () -> client.run(large));
            assertInstanceOf(LibraryException.class, assertThrows(CompletionException.class, client.runAsync(large)::join).getCause());
            RequestException unknown = assertThrows(RequestException.class, () -> client.run(new RawRequest("levitate", Map.of()).exchange("up")));
            assertEquals("up", unknown.exchange().orElseThrow());
            assertTrue(assertThrows(RequestException.class, () -> client.firmware("C0:00:00:00:00:01")).is(Status.NOT_INITIALISED));
        }
    }

    @Test
    void aFirstLoginThatIsCancelledKeepsItsNameUntilItsTimeout() throws Exception {
        try (ServerSocket silent = silent(); Client client = client()) {
            CompletableFuture<InitAnswer> asked = client.initAsync(login(silent).exchange("slow").timeout(Duration.ofMillis(500)));
            assertTrue(asked.cancel(true));
            assertThrows(CancellationException.class, asked::join);
            eventually(() -> {
                try {
                    client.run(new InfoRequest().exchange("slow"));
                    return true;
                } catch (RequestException inUse) {
                    assertTrue(inUse.is(Status.DUPLICATE_EXCHANGE));
                    return false;
                }
            });
            // The answer to who is gone is nobody's, and no update.
            assertThrows(NymiTimeoutException.class, () -> {
                while (true) {
                    assertEquals("error", client.waitUpdate(Duration.ZERO).operation(), "but that the agent is missing");
                }
            });
        }
    }

    @Test
    void anInterruptEndsTheWaitAndStays() throws Exception {
        try (ServerSocket silent = silent(); Client client = client()) {
            InitRequest login = login(silent);
            for (Executable wait : List.<Executable>of(() -> client.init(login), () -> client.waitTap(Duration.ofDays(200_000)))) {
                BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
                Thread waiting = new Thread(() -> {
                    seen.add(assertThrows(NymiException.class, wait));
                    seen.add(Thread.currentThread().isInterrupted());
                });
                waiting.start();
                eventually(() -> waiting.getState() == Thread.State.WAITING || waiting.getState() == Thread.State.TIMED_WAITING);
                waiting.interrupt();
                assertInstanceOf(CancelledException.class, seen.poll(20, TimeUnit.SECONDS));
                assertEquals(true, seen.poll(20, TimeUnit.SECONDS));
            }
        }
    }

    @Test
    @SuppressWarnings("try")
    void closeEndsWhatWaits() throws Exception {
        try (ServerSocket silent = silent(); Client client = client()) {
            InitRequest login = login(silent);
            CompletableFuture<InitAnswer> asked = client.initAsync(login);
            BlockingQueue<Throwable> seen = new LinkedBlockingQueue<>();
            Thread waiting = new Thread(() -> seen.add(assertThrows(NymiException.class, () -> client.waitTap(Duration.ofDays(1)))));
            waiting.start();
            eventually(() -> waiting.getState() == Thread.State.TIMED_WAITING);
            client.close();
            assertInstanceOf(ClosedException.class, seen.poll(20, TimeUnit.SECONDS));
            assertInstanceOf(ClosedException.class, assertThrows(CompletionException.class, asked::join).getCause());
        }
    }

    @Test
    void nothingInTimeIsATimeout() {
        try (Client client = client()) {
            assertInstanceOf(FailureEvent.class, client.waitEvent(Duration.ofSeconds(20)), "the agent is missing");
            for (Duration wait : List.of(Duration.ofMillis(20), Duration.ZERO)) {
                assertEquals(Result.TIMEOUT.number(), assertThrows(NymiTimeoutException.class, () -> client.waitTap(wait)).status());
            }
            for (Duration wait : List.of(Duration.ofMillis(-2), Duration.ofNanos(-1), Duration.ofSeconds(Long.MIN_VALUE))) {
                assertThrows(IllegalArgumentException.class, () -> client.waitTap(wait));
                assertThrows(IllegalArgumentException.class, () -> client.waitEvent(wait));
                assertThrows(IllegalArgumentException.class, () -> client.waitUpdate(wait));
            }
        }
    }

    @Test
    void aForgottenClientIsEnded() throws Exception {
        builder("Forgotten").build().info();
        assertTrue(hasThread("nymi-reader Forgotten"));
        eventually(() -> {
            System.gc();
            return !hasThread("nymi-reader Forgotten");
        });
    }

    @Test
    void aClientInUseIsNotForgotten() throws Exception {
        try (ServerSocket silent = silent()) {
            // Longer than this test waits: nothing but the end of the future lets the client go.
            InitRequest login = login(silent).timeout(Duration.ofSeconds(100));
            CompletableFuture<InitAnswer> asked = builder("Asking").build().initAsync(login);
            BlockingQueue<NymiException> heard = new LinkedBlockingQueue<>();
            Registration listening = builder("Listening").build().onFailure(heard::add);
            for (int round = 0; round < 5; round++) {
                System.gc();
                Thread.sleep(20);
            }
            assertTrue(hasThread("nymi-reader Asking"));
            assertFalse(asked.isDone());
            assertTrue(hasThread("nymi-reader Listening"));
            assertInstanceOf(AgentException.class, heard.poll(20, TimeUnit.SECONDS));
            asked.cancel(false);
            listening.close();
            eventually(() -> {
                System.gc();
                return !hasThread("nymi-reader Asking") && !hasThread("nymi-reader Listening");
            });
        }
    }

    @Test
    void hundredsOfClientsLeaveNothing() throws Exception {
        client().close();
        int files = new File("/proc/self/fd").list().length;
        for (int round = 0; round < 200; round++) {
            try (Client client = builder("Hundred").build()) {
                client.onFailure(failure -> {});
                client.info();
            }
        }
        assertFalse(hasThread("nymi-reader Hundred"));
        eventually(() -> !hasThread("nymi-events Hundred") && nativeThreads() == 0);
        // The JVM opens and closes files of its own meanwhile.
        eventually(() -> new File("/proc/self/fd").list().length <= files + 2);
    }

    @Test
    void theLogGoesToAListenerThatThrowsAndIsCollectedByNobody() throws Exception {
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        try (Client client = builder("Records").onLog(LogLevel.VERBOSE, (level, line) -> {
            lines.add(level + " " + line);
            throw new IllegalStateException("a listener that throws");
        }).build()) {
            for (int round = 0; round < 20; round++) {
                System.gc();
                client.info();
            }
            assertTrue(lines.poll(20, TimeUnit.SECONDS) != null);
            lines.clear();
            System.gc();
            client.info();
            assertTrue(lines.poll(20, TimeUnit.SECONDS) != null, "it is called again after it threw");
        }
    }

    @Test
    void aListenerOfTheLogMayCloseTheClient() throws Exception {
        CompletableFuture<Client> made = new CompletableFuture<>();
        CountDownLatch closed = new CountDownLatch(1);
        made.complete(builder("Records").onLog(LogLevel.VERBOSE, (level, line) -> {
            made.join().close();
            closed.countDown();
        }).build());
        made.join().infoAsync();
        assertTrue(closed.await(20, TimeUnit.SECONDS));
        eventually(() -> !hasThread("nymi-reader Records"));
    }

    @Test
    void aListenerMayCloseTheClientAndWaitInIt() throws Exception {
        BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
        Client client = client();
        client.onFailure(failure -> {
            seen.add(client.info().version());
            client.close();
            seen.add(assertThrows(ClosedException.class, client::info));
        });
        assertEquals(Client.libraryVersion(), seen.poll(20, TimeUnit.SECONDS));
        assertInstanceOf(ClosedException.class, seen.poll(20, TimeUnit.SECONDS));
    }

    @Test
    void theLogFileIsWhereItWasAskedFor() throws Exception {
        try (Client client = builder("Records").log(store, LogLevel.DEBUG).build()) {
            client.info();
        }
        assertTrue(Files.size(store.resolve("nymi_api.log")) > 0);
    }

    @Test
    void hexIsHex() {
        assertArrayEquals(new byte[] {1, (byte) 0xab}, Hex.bytes("01aB"));
        assertEquals("01ab", Hex.text(new byte[] {1, (byte) 0xab}));
    }
}
