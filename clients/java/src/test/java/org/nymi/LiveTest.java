package org.nymi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

@EnabledIfEnvironmentVariable(named = "NYMI_READY", matches = ".+")
// A muted band is a resource that nobody asks anything.
@SuppressWarnings("try")
class LiveTest {
    @TempDir
    static Path store;

    private static String claims(String assertion) {
        return new String(Base64.getUrlDecoder().decode(assertion.split("\\.")[1]), StandardCharsets.UTF_8);
    }

    private static byte[] sha256(byte[] content) throws Exception {
        return MessageDigest.getInstance("SHA-256").digest(content);
    }

    @Test
    void aTapSignsADocument() throws Exception {
        byte[] digest = sha256("record".getBytes(StandardCharsets.UTF_8));
        try (Client client = Live.client(store)) {
            Live.hardware("tap " + Live.band(0) + " nfc");
            TapEvent tap = client.waitTap(Duration.ofSeconds(20));
            assertEquals(Live.band(0), tap.nymiBandId());
            assertEquals(TapMethod.NFC, tap.method());
            AssertIdentityAnswer signed = client.assertIdentity(
                    new AssertIdentityRequest(tap.nymiBandId()).intentId(tap.intentId()).documentSha256(digest).meaning("approved"));
            assertEquals(Live.user(0, "Username"), signed.username());
            assertTrue(claims(signed.assertion()).contains(Hex.text(digest)));
            assertTrue(Duration.between(signed.verifiedAt(), Instant.now()).abs().compareTo(Duration.ofMinutes(1)) < 0);
        }
    }

    @Test
    void listenersHearTapsOnTheirThread() throws Exception {
        try (Client client = Live.client(store)) {
            BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
            client.onTap(tap -> {
                heard.add(Thread.currentThread().getName());
                // A listener may wait for an operation.
                heard.add(client.lookup(new LookupRequest(new LookupQuery().nymiBandId(tap.nymiBandId()))).get(0).username().orElseThrow());
            });
            Live.hardware("tap " + Live.band(1) + " nfc");
            assertEquals("nymi-events RecordsJava", heard.poll(20, TimeUnit.SECONDS));
            assertEquals(Live.user(1, "Username"), heard.poll(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void presenceAndTerminalsAreHeard() throws Exception {
        BlockingQueue<Event> heard = new LinkedBlockingQueue<>();
        try (Client client = Live.client(store)) {
            client.onPresence(heard::add);
            client.onEndpoint(heard::add);
            // What came before both listened may have gone to one of them alone.
            client.unsubscribe("127.0.0.1");
            client.subscribe("127.0.0.1");
            List<Class<?>> missing = new ArrayList<>(List.of(PresenceEvent.class, EndpointEvent.class));
            while (!missing.isEmpty()) {
                Event event = heard.poll(20, TimeUnit.SECONDS);
                missing.remove(event.getClass());
            }
        }
    }

    @Test
    void aFailureHasStatusAndClass() {
        try (Client client = Live.client(store)) {
            AssertIdentityRequest request = new AssertIdentityRequest("C0:00:00:00:00:01").exchange("away");
            BandException away = assertThrows(BandException.class, () -> client.assertIdentity(request));
            assertTrue(away.is(Status.BAND_NOT_PRESENT));
            assertEquals("assert_identity", away.operation().orElseThrow());
            assertEquals("away", away.exchange().orElseThrow());
            assertThrows(NotFoundException.class, () -> client.lookup(new LookupRequest(new LookupQuery().username("nobody"))));
            CompletableFuture<FirmwareAnswer> asked = client.firmwareAsync("C0:00:00:00:00:01");
            assertInstanceOf(BandException.class, assertThrows(CompletionException.class, asked::join).getCause());
        }
    }

    @Test
    void lookupGivesRows() {
        try (Client client = Live.client(store)) {
            List<LookupRow> one = client.lookup(new LookupRequest(new LookupQuery().nymiBandId(Live.band(0))));
            assertEquals(1, one.size());
            assertEquals(Live.user(0, "Username"), one.get(0).username().orElseThrow());
            LookupQuery everybody = new LookupQuery().domain(Live.user(0, "Domain"));
            List<LookupRow> all = client.lookup(new LookupRequest(everybody).lookupKeys(List.of(LookupColumn.USERNAME)));
            assertTrue(all.size() > 1);
            assertTrue(all.get(0).nymiBandId().isEmpty());
        }
    }

    @Test
    void aBandSignsSoThatJavaVerifiesIt() throws Exception {
        byte[] content = "content".getBytes(StandardCharsets.UTF_8);
        try (Client client = Live.client(store)) {
            SignAnswer signed = client.sign(Live.band(0), sha256(content));
            Signature verifier = Signature.getInstance("SHA256withECDSAinP1363Format");
            verifier.initVerify(KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(signed.publicKey())));
            verifier.update(content);
            assertTrue(verifier.verify(signed.signature()));
            assertEquals(16, client.random(Live.band(0), 16).length);
            SymmetricKeyAnswer made = client.symmetricKey(new SymmetricKeyRequest(Live.band(0), KeyAction.CREATE));
            SymmetricKeyAnswer read = client.symmetricKey(new SymmetricKeyRequest(Live.band(0), KeyAction.GET).keyId(made.keyId()));
            assertArrayEquals(made.key().orElseThrow(), read.key().orElseThrow());
            SymmetricKeyAnswer gone = client.symmetricKey(new SymmetricKeyRequest(Live.band(0), KeyAction.DELETE).keyId(made.keyId()));
            assertTrue(gone.key().isEmpty());
        }
    }

    @Test
    void aFutureThatIsCancelledIsCancelledAtTheAgent() throws Exception {
        try (Client client = Live.client(store); AutoCloseable muted = Live.muted(1)) {
            CompletableFuture<FirmwareAnswer> asked = client.runAsync(new FirmwareRequest(Live.band(1)).exchange("slow"));
            client.info();
            assertTrue(asked.cancel(true));
            assertThrows(CancellationException.class, asked::join);
            // The name is free again once the agent has ended it; in 15 s it would have ended by itself.
            long began = System.nanoTime();
            while (true) {
                try {
                    client.run(new InfoRequest().exchange("slow"));
                    break;
                } catch (RequestException inUse) {
                    assertTrue(inUse.is(Status.DUPLICATE_EXCHANGE));
                    assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(5));
                }
            }
        }
    }

    @Test
    void anotherThreadCancelsByName() throws Exception {
        try (Client client = Live.client(store); AutoCloseable muted = Live.muted(1)) {
            CompletableFuture<FirmwareAnswer> asked = client.runAsync(new FirmwareRequest(Live.band(1)).exchange("slow"));
            client.cancel("slow");
            assertInstanceOf(CancelledException.class, assertThrows(CompletionException.class, asked::join).getCause());
            assertTrue(assertThrows(RequestException.class, () -> client.cancel("slow")).is(Status.INVALID_FIELD));
        }
    }

    @Test
    void anOperationEndsInTime() throws Exception {
        try (Client client = Live.client(store); AutoCloseable muted = Live.muted(1)) {
            long began = System.nanoTime();
            NymiTimeoutException late = assertThrows(
                    NymiTimeoutException.class, () -> client.run(new FirmwareRequest(Live.band(1)).timeout(Duration.ofMillis(500))));
            assertTrue(late.is(Status.TIMEOUT_BAND));
            assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(3));
        }
    }

    @Test
    void closeEndsWhatIsInFlight() throws Exception {
        try (AutoCloseable muted = Live.muted(1)) {
            CompletableFuture<FirmwareAnswer> asked;
            try (Client client = Live.client(store)) {
                asked = client.firmwareAsync(Live.band(1));
                assertFalse(asked.isDone());
            }
            assertInstanceOf(ClosedException.class, assertThrows(CompletionException.class, asked::join).getCause());
        }
    }

    @Test
    void manyAtOnce() {
        try (Client client = Live.client(store)) {
            List<CompletableFuture<List<LookupRow>>> asked = new ArrayList<>();
            for (int index = 0; index < 40; index++) {
                asked.add(client.lookupAsync(new LookupRequest(new LookupQuery().nymiBandId(Live.band(index % 2)))));
            }
            for (int index = 0; index < 40; index++) {
                assertEquals(Live.user(index % 2, "Username"), asked.get(index).join().get(0).username().orElseThrow());
            }
        }
    }

    @Test
    void theExampleSignsAFile(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("record.txt");
        Files.writeString(file, "content");
        ProcessBuilder program = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", System.getProperty("java.class.path"),
                Live.ROOT.resolve("clients/java/examples/TapToSign.java").toString(), file.toString());
        program.environment().put("NYMI_NES_URL", Live.value("nes"));
        program.environment().put("NYMI_AGENT_URL", Live.value("agent"));
        program.environment().put("NYMI_L1", Live.value("l1"));
        program.environment().put("NYMI_NSL_DIR", store.toString());
        program.environment().put("NYMI_USER", Live.account());
        program.environment().put("NYMI_PASSWORD", Live.user(0, "password"));
        Process running = program.redirectErrorStream(true).start();
        StringBuilder printed = new StringBuilder();
        try (BufferedReader from = new BufferedReader(new InputStreamReader(running.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = from.readLine(); line != null; line = from.readLine()) {
                printed.append(line).append('\n');
                if (line.startsWith("Tap")) {
                    Live.hardware("tap " + Live.band(0) + " nfc");
                }
            }
        }
        assertEquals(0, running.waitFor(), printed.toString());
        assertTrue(printed.toString().contains(Live.user(0, "Username") + " approved it"), printed.toString());
        assertTrue(claims(Files.readString(Path.of(file + ".jws"))).contains(Hex.text(sha256("content".getBytes(StandardCharsets.UTF_8)))));
    }
}
