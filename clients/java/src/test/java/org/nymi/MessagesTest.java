package org.nymi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes out and what comes in, without a library. */
class MessagesTest {
    private static final String TAP = "{\"operation\":\"tap\",\"exchange\":null,\"status\":0,\"payload\":{\"endpoint_id\":\"e\",\"NymiBandID\":\"b\","
            + "\"method\":\"%s\",\"intent_id\":\"i\",\"at\":\"2026-11-22T01:09:02.370Z\",\"new\":1},\"error\":{},\"newer\":2}";

    @Test
    void aTapIsRead() {
        TapEvent tap = (TapEvent) Update.read(String.format(TAP, "nfc")).event().orElseThrow();
        assertEquals("b", tap.nymiBandId());
        assertEquals(TapMethod.NFC, tap.method());
        assertEquals(Optional.empty(), tap.nfcUid());
        assertEquals(Instant.parse("2026-11-22T01:09:02.370Z"), tap.at());
        assertEquals("2026-11-22T01:09:02.370Z", tap.toMessage().get("at"));
        TapEvent same = (TapEvent) Update.read(String.format(TAP, "nfc")).event().orElseThrow();
        assertEquals(tap, same);
        assertEquals(tap.hashCode(), same.hashCode());
        assertNotEquals(tap, Update.read(String.format(TAP, "ble")).event().orElseThrow());
        assertTrue(tap.toString().contains("intent_id=i"), tap.toString());
    }

    @Test
    void aWordOfANewerPlatformIsOther() {
        TapEvent tap = (TapEvent) Update.read(String.format(TAP, "thought")).event().orElseThrow();
        assertEquals(TapMethod.OTHER, tap.method());
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "7", "null", "{}", "{\"operation\":7,\"status\":0}", "{\"operation\":\"tap\"}", "{\"operation\":\"tap\",\"status\":\"0\"}",
        "{\"operation\":\"tap\",\"status\":4294967296}", "{\"operation\":\"tap\",\"status\":0,\"payload\":[]}", "{\"operation\":\"x\",\"exchange\":7,\"status\":0}"})
    void whatIsNoUpdateIsAFailure(String json) {
        FailureEvent failure = (FailureEvent) Update.read(json).event().orElseThrow();
        assertEquals(Status.INTERNAL.code(), failure.exception().status());
        assertTrue(failure.exception().detail().contains("cannot be read: "), failure.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"endpoint_id\":\"e\",\"event\":7}", "{\"endpoint_id\":null,\"event\":\"gone\"}"})
    void anEventWithoutItsFieldsIsAFailure(String payload) {
        Update update = Update.read("{\"operation\":\"endpoint\",\"exchange\":null,\"status\":0,\"payload\":" + payload + ",\"error\":{}}");
        NymiException failure = ((FailureEvent) update.event().orElseThrow()).exception();
        assertTrue(failure.detail().contains("an event endpoint cannot be read: the field e"), failure.detail());
    }

    @Test
    void anAnswerWithoutItsFieldsIsAFaultOfThePlatform() {
        Request<FirmwareAnswer> request = new FirmwareRequest("b");
        for (String payload : List.of("{}", "{\"firmware_version\":1,\"hardware_version\":\"2\"}")) {
            Update update = Update.read("{\"operation\":\"firmware\",\"exchange\":\"x\",\"status\":0,\"payload\":" + payload + ",\"error\":{}}");
            InternalException fault = assertThrows(InternalException.class, () -> request.result(update));
            assertTrue(fault.getMessage().contains("firmware_version"), fault.getMessage());
            assertEquals(Optional.of("x"), fault.exchange());
        }
    }

    @Test
    void bytesAreHexInMessagesAndCopiesForPrograms() {
        byte[] digest = new byte[32];
        digest[0] = (byte) 0xAF;
        SignRequest request = new SignRequest("b", digest);
        digest[0] = 0;
        assertEquals("af" + "00".repeat(31), request.toMessage().get("hash"));
        RandomAnswer answer = new RandomAnswer(new Payload(Map.of("random", "00FFaf")));
        answer.random()[0] = 7;
        assertArrayEquals(new byte[] {0, -1, (byte) 0xAF}, answer.random());
        for (String noHex : List.of("0", "0g", "٠٠")) {
            assertThrows(Malformed.class, () -> new RandomAnswer(new Payload(Map.of("random", noHex))));
        }
    }

    @Test
    void secretsAreNotShown() {
        InitRequest login = new InitRequest().username("u").password("hunter2").token("hunter2");
        assertEquals("hunter2", login.toMessage().get("password"));
        List<Object> shown = Arrays.asList(
                login,
                new SymmetricKeyAnswer(new Payload(Map.of("key_id", "k", "key", "aa".repeat(32)))),
                new TotpAnswer(new Payload(Map.of("totp", "hunter2", "otpauth", "hunter2"))),
                new RawRequest("init", Map.of("password", "hunter2")),
                Update.read("{\"operation\":\"x\",\"exchange\":null,\"status\":0,\"payload\":{\"key\":\"hunter2\"},\"error\":{}}"));
        for (Object one : shown) {
            assertFalse(one.toString().matches(".*(hunter2|aaaa).*"), one.toString());
        }
        assertTrue(login.toString().contains("username=u"));
    }

    @Test
    void whatIsNotSaidIsNotSent() {
        AssertIdentityRequest request = new AssertIdentityRequest("b").meaning("approved");
        assertEquals(Map.of("assert_type", "assert_user", "device", "b", "meaning", "approved"), request.toMessage());
    }

    @Test
    void aRequestWithoutWhatIsNeededCannotBeMade() {
        assertEquals("device", assertThrows(NullPointerException.class, () -> new FirmwareRequest(null)).getMessage());
        assertEquals("hash", assertThrows(NullPointerException.class, () -> new SignRequest("b", null)).getMessage());
        assertEquals("password", assertThrows(NullPointerException.class, () -> new InitRequest().password(null)).getMessage());
        assertThrows(NullPointerException.class, () -> new LookupRequest(null));
        assertThrows(NullPointerException.class, () -> new LookupRequest(new LookupQuery()).lookupKeys(Arrays.asList(LookupColumn.DOMAIN, null)));
        assertThrows(NullPointerException.class, () -> new FirmwareRequest("b").timeout(null));
        assertThrows(NullPointerException.class, () -> new FirmwareRequest("b").exchange(null));
        assertThrows(NullPointerException.class, () -> new RawRequest(null, Map.of()));
        assertThrows(NullPointerException.class, () -> new RawRequest("info", null));
    }

    @Test
    void timeoutsAreInRange() {
        for (Duration timeout : List.of(Duration.ZERO, Duration.ofNanos(-1), Duration.ofSeconds(121), Duration.ofSeconds(Long.MAX_VALUE))) {
            assertThrows(IllegalArgumentException.class, () -> new InfoRequest().timeout(timeout));
            assertThrows(IllegalArgumentException.class, () -> Client.builder("Records").timeout(timeout));
        }
        new InfoRequest().timeout(Duration.ofNanos(1)).timeout(Duration.ofSeconds(120));
    }

    @Test
    void everyOperationHasAMethodAndEveryMethodThatWaitsAFuture() throws Exception {
        Map<String, String> shorter = Map.of("subscribeEndpoint", "subscribe", "unsubscribeEndpoint", "unsubscribe");
        for (var constant : Operation.class.getFields()) {
            String[] words = constant.get(null).toString().split("_");
            StringBuilder name = new StringBuilder(words[0]);
            Arrays.stream(words).skip(1).forEach(word -> name.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1)));
            String method = shorter.getOrDefault(name.toString(), name.toString());
            Method waiting = Arrays.stream(Client.class.getDeclaredMethods())
                    .filter(one -> one.getName().equals(method)).findFirst().orElseThrow(() -> new AssertionError("no method " + method));
            Method future = Client.class.getMethod(method + "Async", waiting.getParameterTypes());
            assertEquals(CompletableFuture.class, future.getReturnType(), method);
        }
    }
}
