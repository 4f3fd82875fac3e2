package org.nymi;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Any operation with any fields, for what this version has no class for. It answers the payload as {@link Update#payload} has it. */
public final class RawRequest extends Request<Map<String, Object>> {
    private final String operation;
    private final Map<String, Object> payload;

    /**
     * All that there is to say.
     *
     * @param operation its name, see {@link Operation}
     * @param payload its fields: texts, numbers, Boolean, Map, Collection and null; a {@code deadline_ms} among them counts more than a timeout
     * @throws NullPointerException the operation, the payload or the name of a field is null
     */
    public RawRequest(String operation, Map<String, ?> payload) {
        this.operation = Objects.requireNonNull(operation, "operation");
        this.payload = new LinkedHashMap<>(Objects.requireNonNull(payload, "payload"));
        this.payload.keySet().forEach(name -> Objects.requireNonNull(name, "the name of a field of the payload"));
    }

    @Override
    String operation() {
        return operation;
    }

    @Override
    Map<String, Object> read(Payload answer) {
        return answer.all();
    }

    @Override
    void write(Map<String, Object> fields) {
        fields.putAll(payload);
    }

    @Override
    Map<String, Object> toMessage() {
        return new LinkedHashMap<>(payload);
    }

    @Override
    Set<String> secrets() {
        return payload.keySet();
    }
}
