package org.nymi;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** The functions of the client that requests of scenarios mean. */
final class Calls {
    /** A method of Client, or of {@link Client#run} if it takes a request with a timeout, and how its answer is a message. */
    static final class Call {
        final String method;
        final Object[] arguments;
        final Function<Object, Object> message;

        Call(Function<Object, Object> message, String method, Object... arguments) {
            this.method = method;
            this.arguments = arguments;
            this.message = message;
        }
    }

    /** No function of the client would make this request. */
    private static final class Untyped extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private final Map<?, ?> payload;
    private final Set<Object> read = new HashSet<>();

    private Calls(Map<?, ?> payload) {
        this.payload = payload;
    }

    /** What the client has for a request; else whatever it sends as it is. */
    static Call of(String operation, Map<String, Object> payload) {
        Calls fields = new Calls(payload);
        try {
            Duration timeout = fields.timeout();
            Call call = timeout == null ? fields.plain(operation) : timed(fields.request(operation), timeout);
            if (fields.read.containsAll(payload.keySet())) {
                return call;
            }
        } catch (Untyped untyped) {
            // As below.
        }
        return new Call(answer -> answer, "run", new RawRequest(operation, payload));
    }

    private static Call timed(Request<?> request, Duration timeout) {
        return new Call(Calls::same, "run", request.timeout(timeout));
    }

    private Call plain(String operation) {
        switch (operation) {
            case "info":
                return new Call(Calls::same, "info");
            case "list_endpoints":
                return new Call(endpoints -> Map.of("endpoints", Fields.list((List<?>) endpoints)), "listEndpoints");
            case "subscribe_endpoint":
                return new Call(endpoint -> Map.of("endpoint_id", endpoint), "subscribe", text("endpoint_id"));
            case "init":
                return new Call(Calls::same, "init", request(operation));
            case "lookup":
                return new Call(Calls::rows, "lookup", request(operation));
            case "assert_identity":
                return new Call(Calls::same, "assertIdentity", request(operation));
            case "user_status":
                return new Call(Calls::same, "userStatus", text("Username"), text("Domain"));
            case "notify":
                return new Call(Calls::same, "notify", text("device"), word("notification", Notification.values()));
            case "random":
                return new Call(bytes -> Map.of("random", Hex.text((byte[]) bytes)), "random", text("device"), number("length"));
            case "sign":
                return new Call(Calls::same, "sign", text("device"), bytes("hash"));
            case "symmetric_key":
                return new Call(Calls::same, "symmetricKey", request(operation));
            case "totp":
                return new Call(Calls::same, "totp", text("device"), word("action", KeyAction.values()));
            case "firmware":
                return new Call(Calls::same, "firmware", text("device"));
            case "cancel":
                return new Call(Calls::same, "cancel", text("exchange"));
            default:
                return new Call(Calls::same, "run", request(operation));
        }
    }

    private Request<?> request(String operation) {
        switch (operation) {
            case "info":
                return new InfoRequest();
            case "list_endpoints":
                return new ListEndpointsRequest();
            case "subscribe_endpoint":
                return new SubscribeEndpointRequest(text("endpoint_id"));
            case "unsubscribe_endpoint":
                return new UnsubscribeEndpointRequest(text("endpoint_id"));
            case "init":
                return init();
            case "lookup":
                return lookup();
            case "assert_identity":
                return assertIdentity();
            case "symmetric_key":
                SymmetricKeyRequest key = new SymmetricKeyRequest(text("device"), word("action", KeyAction.values()));
                return has("key_id") ? key.keyId(text("key_id")) : key;
            case "firmware":
                return new FirmwareRequest(text("device"));
            default:
                throw new Untyped();
        }
    }

    private InitRequest init() {
        // The client would say its own name.
        InitRequest made = new InitRequest().neaName(text("nea_name"));
        optional("nes_url", made::nesUrl);
        optional("token", made::token);
        optional("username", made::username);
        optional("password", made::password);
        optional("agent_url", made::agentUrl);
        optional("l1", made::l1);
        return has("grade") ? made.grade(word("grade", Grade.values())) : made;
    }

    private LookupRequest lookup() {
        Calls query = new Calls((Map<?, ?>) value("query"));
        LookupQuery asked = new LookupQuery();
        query.optional("Username", asked::username);
        query.optional("Domain", asked::domain);
        query.optional("NymiBandID", asked::nymiBandId);
        query.optional("NfcUID", asked::nfcUid);
        query.optional("SerialNumber", asked::serialNumber);
        if (!query.read.containsAll(query.payload.keySet())) {
            throw new Untyped();
        }
        List<LookupColumn> columns = new ArrayList<>();
        ((List<?>) value("lookup_keys")).forEach(column -> columns.add(word(column, LookupColumn.values())));
        return new LookupRequest(asked).lookupKeys(columns);
    }

    private AssertIdentityRequest assertIdentity() {
        word("assert_type", AssertType.values());
        AssertIdentityRequest made = new AssertIdentityRequest(text("device"));
        optional("intent_id", made::intentId);
        optional("meaning", made::meaning);
        optional("audience", made::audience);
        optional("nonce", made::nonce);
        return has("document_sha256") ? made.documentSha256(bytes("document_sha256")) : made;
    }

    private static Object same(Object answer) {
        return answer instanceof Fields ? ((Fields) answer).toMessage() : Map.of();
    }

    private static Object rows(Object rows) {
        List<?> found = (List<?>) rows;
        return found.size() == 1 ? same(found.get(0)) : Map.of("matches", Fields.list(found));
    }

    private Duration timeout() {
        if (!has("deadline_ms")) {
            return null;
        }
        long named = (Long) value("deadline_ms");
        if (named < 1 || named > Abi.MAX_DEADLINE_MS) {
            throw new Untyped();
        }
        return Duration.ofMillis(named);
    }

    private boolean has(String name) {
        return payload.containsKey(name);
    }

    private Object value(String name) {
        if (!has(name)) {
            throw new Untyped();
        }
        read.add(name);
        return payload.get(name);
    }

    private String text(String name) {
        Object found = value(name);
        if (!(found instanceof String)) {
            throw new Untyped();
        }
        return (String) found;
    }

    private int number(String name) {
        return Math.toIntExact((Long) value(name));
    }

    private byte[] bytes(String name) {
        try {
            return Hex.bytes(text(name));
        } catch (IllegalArgumentException noHex) {
            throw new Untyped();
        }
    }

    private void optional(String name, Function<String, ?> set) {
        if (has(name)) {
            set.apply(text(name));
        }
    }

    private <W extends Word> W word(String name, W[] words) {
        return word((Object) text(name), words);
    }

    private static <W extends Word> W word(Object wanted, W[] words) {
        for (W one : words) {
            if (one.word().equals(wanted)) {
                return one;
            }
        }
        throw new Untyped();
    }
}
