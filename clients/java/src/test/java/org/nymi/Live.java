package org.nymi;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The live system of NYMI_READY, the first line of `nymi up --json`. */
final class Live {
    static final Path ROOT = root();

    private static final Map<String, Object> READY = Conformance.map(Json.read(System.getenv().getOrDefault("NYMI_READY", "{}")));

    private Live() {}

    private static Path root() {
        Path at = Path.of("").toAbsolutePath();
        while (!Files.exists(at.resolve("run-tests"))) {
            at = at.getParent();
        }
        return at;
    }

    static String value(String name) {
        return READY.get(name).toString();
    }

    static String user(int index, String field) {
        return part("users", index, field);
    }

    static String band(int index) {
        return part("bands", index, "NymiBandID");
    }

    static String account() {
        return user(0, "Domain") + "\\" + user(0, "Username");
    }

    private static String part(String list, int index, String field) {
        return Conformance.map(((List<?>) READY.get(list)).get(index)).get(field).toString();
    }

    static void hardware(String command) throws IOException {
        String answer = Conformance.tell(value("nymulator"), command);
        if (!answer.startsWith("ok")) {
            throw new IOException(command + ": " + answer);
        }
    }

    /** A band that is heard but answers nothing. */
    static AutoCloseable muted(int index) throws IOException {
        hardware("mute " + band(index) + " on");
        return () -> hardware("mute " + band(index) + " off");
    }

    static Client client(Path store) {
        Client made = Client.builder("RecordsJava").agentUrl(value("agent")).storeDirectory(store).build();
        try {
            made.init(new InitRequest().nesUrl(value("nes")).l1(value("l1")).grade(Grade.BRONZE).username(account()).password(user(0, "password")));
            made.subscribe("127.0.0.1");
            return made;
        } catch (Throwable failed) {
            made.close();
            throw failed;
        }
    }
}
