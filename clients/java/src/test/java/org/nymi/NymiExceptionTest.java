package org.nymi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class NymiExceptionTest {
    private static NymiException of(int status) {
        return NymiException.of(new Failure(status, "", "", 0));
    }

    private static void hasClass(Class<? extends NymiException> kind, Status... statuses) {
        for (Status status : statuses) {
            assertEquals(kind, of(status.code()).getClass(), status.name());
            assertEquals(Optional.of(status.name()), of(status.code()).name());
            assertTrue(of(status.code()).is(status));
        }
    }

    @Test
    void eachFamilyHasItsClass() {
        hasClass(RequestException.class, Status.MALFORMED_JSON, Status.TOO_LARGE);
        hasClass(CancelledException.class, Status.CANCELLED);
        hasClass(ClosedException.class, Status.TERMINATED);
        hasClass(ServerException.class, Status.NES_UNREACHABLE, Status.NES_VERSION);
        hasClass(NotFoundException.class, Status.NOT_FOUND);
        hasClass(NymiTimeoutException.class, Status.TIMEOUT_NES, Status.TIMEOUT_BAND);
        hasClass(BandException.class, Status.BAND_NOT_PRESENT, Status.BAND_CONNECTION_LOST);
        hasClass(AgentException.class, Status.AGENT_MISSING, Status.AGENT_OVERLOADED);
        hasClass(EndpointException.class, Status.ENDPOINT_MISSING, Status.DUPLICATE_ENDPOINT);
        hasClass(PresenceException.class, Status.PAC_FAILED, Status.TERMINAL_CLOCK);
        hasClass(AccountException.class, Status.USER_NOT_FOUND, Status.NOT_IN_UNIT);
        hasClass(PolicyException.class, Status.FORBIDDEN_BY_POLICY, Status.LOCK_CONTROL_OFF);
        hasClass(NymiCertificateException.class, Status.CERTIFICATES);
        hasClass(InternalException.class, Status.INTERNAL);
        assertEquals(LibraryException.class, of(Result.FORKED.number()).getClass());
        assertEquals(Optional.of("FORKED"), of(Result.FORKED.number()).name());
        assertEquals(NymiTimeoutException.class, of(Result.TIMEOUT.number()).getClass());
        assertEquals(ClosedException.class, of(Result.TERMINATED.number()).getClass());
    }

    @Test
    void everyStatusHasAFamily() {
        for (Status status : Status.values()) {
            if (status != Status.SUCCESS) {
                assertNotEquals(NymiException.class, of(status.code()).getClass(), status.name());
            }
        }
    }

    @Test
    void itSaysEverythingThatIsKnown() {
        NymiException failure = NymiException.of(new Failure(8000, "No.", "l1", 7).during("init", "x"));
        assertEquals("init: No. l1 (status 8000)", failure.getMessage());
        assertEquals(OptionalLong.of(7), failure.nsl());
        assertEquals(Optional.of("init"), failure.operation());
        assertEquals(Optional.of("x"), failure.exchange());
        assertEquals("l1", failure.detail());
        assertEquals(Optional.of(Status.CERTIFICATES.remedy()), failure.remedy());
        assertEquals(Optional.of(Status.CERTIFICATES.cause()), failure.usualCause());
        assertEquals(Status.AGENT_MISSING.description() + " (status 4000)", of(4000).getMessage());
        assertEquals(OptionalLong.empty(), of(4000).nsl());
    }

    @Test
    void aNumberOfANewerPlatformHasAClassAndNoName() {
        NymiException failure = NymiException.of(new Failure(3999, "New.", "", 0));
        assertInstanceOf(BandException.class, failure);
        assertEquals("New. (status 3999)", failure.getMessage());
        assertEquals(Optional.empty(), failure.name());
        assertEquals(Optional.empty(), failure.remedy());
        assertInstanceOf(InternalException.class, of(123_456));
        assertInstanceOf(InternalException.class, of(-5000));
    }

    @Test
    void itCrossesProcesses() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream to = new ObjectOutputStream(bytes)) {
            to.writeObject(NymiException.of(new Failure(8000, "No.", "l1", 7).during("init", "x")));
        }
        try (ObjectInputStream from = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            NymiException again = (NymiException) from.readObject();
            assertEquals(NymiCertificateException.class, again.getClass());
            assertEquals("init: No. l1 (status 8000)", again.getMessage());
            assertEquals(OptionalLong.of(7), again.nsl());
        }
    }
}
