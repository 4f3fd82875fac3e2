package org.nymi;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;

/**
 * Runs the scenarios with this client: rig java -cp ... org.nymi.Conformance SCENARIOS FOLDER [ID...]; one result each for methods that wait, and for
 * futures with listeners.
 */
final class Conformance {
    private static final java.util.regex.Pattern VARIABLE = java.util.regex.Pattern.compile("\\$\\{(\\w+)\\}");
    private static final long QUIET_MS = 300;

    private final boolean futures;
    private final Map<?, ?> rig;
    private final Path store;
    private final Map<String, Object> saved = new LinkedHashMap<>();
    private final Map<String, Player> players = new LinkedHashMap<>();
    private final Map<String, CompletableFuture<Map<String, Object>>> started = new LinkedHashMap<>();
    private boolean init = true;

    private Conformance(boolean futures, Map<?, ?> rig, Path store) {
        this.futures = futures;
        this.rig = rig;
        this.store = store;
        map(rig.get("variables")).forEach(saved::put);
        saved.put("init", initPayload("RecordsA"));
    }

    public static void main(String[] arguments) throws Exception {
        List<String> ids = List.of(arguments).subList(2, arguments.length);
        Path folder = Path.of(arguments[1]);
        boolean passed = play("Java", false, Path.of(arguments[0]), folder.resolve("java.json"), ids);
        passed &= play("Java, futures", true, Path.of(arguments[0]), folder.resolve("java-futures.json"), ids);
        System.exit(passed ? 0 : 1);
    }

    private static boolean play(String name, boolean futures, Path scenarios, Path results, List<String> ids) throws Exception {
        Map<?, ?> rig = map(Json.read(System.getenv("NYMI_RIG")));
        Path store = Files.createTempDirectory("nymi");
        List<Object> found = new ArrayList<>();
        Map<String, Integer> counts = new LinkedHashMap<>();
        List.of("passed", "failed", "not applicable").forEach(outcome -> counts.put(outcome, 0));
        for (Object each : (List<?>) map(Json.read(Files.readString(scenarios))).get("scenarios")) {
            Map<String, Object> scenario = map(each);
            String id = scenario.get("id").toString();
            if (!ids.isEmpty() && !ids.contains(id)) {
                continue;
            }
            boolean applies = ((List<?>) scenario.get("transports")).contains("native");
            long began = System.nanoTime();
            String detail = applies ? one(scenario, futures, rig, store) : null;
            String outcome = detail != null ? "failed" : applies ? "passed" : "not applicable";
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("id", id);
            result.put("outcome", outcome);
            result.put("ms", (System.nanoTime() - began) / 1_000_000);
            if (detail != null) {
                result.put("detail", detail);
            }
            if (detail != null || System.getenv("NYMI_VERBOSE") != null) {
                System.out.println(Json.write(result));
            }
            found.add(result);
            counts.merge(outcome, 1, Integer::sum);
        }
        List<String> words = new ArrayList<>();
        counts.forEach((outcome, count) -> words.add(count + " " + outcome));
        System.out.println(name + ": " + String.join(", ", words));
        Map<String, Object> written = new LinkedHashMap<>();
        written.put("client", name);
        written.put("transport", "native");
        written.put("results", found);
        Files.writeString(results, Json.write(written) + "\n");
        try (var files = Files.walk(store)) {
            files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        }
        return counts.get("failed") == 0;
    }

    /** What failed, or null. */
    private static String one(Map<String, Object> scenario, boolean futures, Map<?, ?> rig, Path store) throws Exception {
        Conformance run = new Conformance(futures, rig, store);
        run.init = !Boolean.FALSE.equals(scenario.get("init"));
        String detail = null;
        int number = 0;
        try {
            run.player("a");
            for (Object step : (List<?>) scenario.get("steps")) {
                number++;
                run.step(map(step));
            }
        } catch (Player.Failed failed) {
            detail = "step " + number + ": " + failed.getMessage();
        } finally {
            run.close();
        }
        // Whatever happened, the next scenario finds things as they were.
        Conformance tidy = new Conformance(futures, rig, store);
        try {
            for (Object step : (List<?>) scenario.getOrDefault("finally", List.of())) {
                tidy.step(map(step));
            }
        } catch (Player.Failed failed) {
            detail = detail == null ? "finally: " + failed.getMessage() : detail;
        } finally {
            tidy.close();
        }
        return detail;
    }

    private Map<String, Object> initPayload(String name) {
        Map<String, Object> user = map(((List<?>) rig.get("users")).get(0));
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("nea_name", name);
        made.put("username", user.get("Domain") + "\\" + user.get("Username"));
        made.put("password", user.get("password"));
        made.put("nes_url", rig.get("nes"));
        made.put("l1", rig.get("l1"));
        made.put("grade", "bronze");
        return made;
    }

    private Player player(String which) throws Player.Failed, InterruptedException {
        Player found = players.get(which);
        if (found == null) {
            String name = "Records" + which.toUpperCase();
            found = new Player(futures, name, rig.get("agent").toString(), store);
            players.put(which, found);
            if (init) {
                check(Map.of("status", 0L), found.answer(found.start("init", initPayload(name))), "init");
            }
        }
        return found;
    }

    private void close() {
        players.values().forEach(Player::close);
    }

    private void step(Map<String, Object> raw) throws Exception {
        Map<String, Object> step = map(filled(raw));
        if (step.containsKey("hardware") || step.containsKey("link")) {
            control(step.containsKey("hardware") ? step.get("hardware").toString() : "link " + step.get("link"));
            return;
        }
        Player player = player(step.getOrDefault("client", "a").toString());
        if (step.containsKey("request")) {
            request(player, map(step.get("request")), step);
        } else if (step.containsKey("start")) {
            Map<String, Object> call = map(step.get("start"));
            started.put(step.get("as").toString(), player.start(call.get("operation").toString(), map(call.get("payload"))));
        } else if (step.containsKey("await")) {
            String which = step.get("await").toString();
            check(map(step.get("expect")), player.answer(started.get(which)), which);
        } else if (step.containsKey("raw")) {
            raw(player, step);
        } else if (step.containsKey("event")) {
            Map<String, Object> event = event(step.get("event"), step.get("where"));
            keep(step, map(player.take(event, Json.write(event)).get("payload")));
        } else if (step.containsKey("no_event")) {
            Thread.sleep(QUIET_MS);
            if (player.has(event(step.get("no_event"), step.get("where")))) {
                throw new Player.Failed(step.get("no_event") + " " + Json.write(step.get("where")) + " came");
            }
        } else {
            connection(player, step.get("connection").toString());
        }
    }

    private void request(Player player, Map<String, Object> call, Map<String, Object> step) throws Exception {
        long until = System.nanoTime() + (Long) step.getOrDefault("retry_ms", 0L) * 1_000_000;
        String operation = call.get("operation").toString();
        while (true) {
            Map<String, Object> update = player.answer(player.start(operation, map(call.get("payload"))));
            try {
                check(map(step.get("expect")), update, operation);
                keep(step, map(update.get("payload")));
                return;
            } catch (Player.Failed failed) {
                if (System.nanoTime() >= until) {
                    throw failed;
                }
                Thread.sleep(QUIET_MS);
            }
        }
    }

    private static void raw(Player player, Map<String, Object> step) throws Exception {
        StringBuilder text = new StringBuilder(step.get("raw").toString());
        while (text.length() < (Long) step.getOrDefault("pad_to", 0L)) {
            text.append(' ');
        }
        player.put(text.toString());
        for (Object pattern : (List<?>) step.get("updates")) {
            player.take(pattern, "the update " + Json.write(pattern));
        }
    }

    private void connection(Player player, String state) throws Exception {
        if (state.equals("lost")) {
            Map<String, Object> loss = new LinkedHashMap<>();
            loss.put("operation", "error");
            loss.put("exchange", null);
            loss.put("status", 4000L);
            player.take(loss, "the loss of the connection");
        } else {
            Map<String, Object> call = Map.of("operation", "list_endpoints", "payload", Map.of());
            request(player, call, Map.of("expect", Map.of("status", 0L), "retry_ms", 20_000L));
        }
    }

    private void control(String command) throws IOException, Player.Failed {
        String answer = tell(rig.get("control").toString(), command);
        if (!answer.startsWith("ok")) {
            throw new Player.Failed(command + ": " + answer);
        }
    }

    /** A line to a program that answers with one. */
    static String tell(String place, String command) throws IOException {
        int colon = place.lastIndexOf(':');
        try (Socket socket = new Socket(place.substring(0, colon), Integer.parseInt(place.substring(colon + 1)))) {
            socket.setSoTimeout(10_000);
            OutputStream to = socket.getOutputStream();
            to.write((command + "\n").getBytes(StandardCharsets.UTF_8));
            return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8)).readLine();
        }
    }

    private static Map<String, Object> event(Object name, Object where) {
        Map<String, Object> pattern = new LinkedHashMap<>();
        pattern.put("exchange", null);
        pattern.put("operation", name);
        pattern.put("payload", where);
        return pattern;
    }

    private static void check(Map<String, Object> expect, Map<String, Object> update, String what) throws Player.Failed {
        String specifics = update.get("specifics").toString();
        if (!expect.get("status").equals(update.get("status"))) {
            throw new Player.Failed(what + ": expected status " + expect.get("status") + ", found " + update.get("status") + ": " + specifics);
        }
        String wanted = expect.getOrDefault("specifics", "").toString();
        if (!java.util.regex.Pattern.compile(wanted).matcher(specifics).find()) {
            throw new Player.Failed(what + ": expected specifics " + wanted + ", found " + specifics);
        }
        String fault = Pattern.difference(expect.getOrDefault("payload", Map.of()), update.get("payload"), "payload");
        if (fault != null) {
            throw new Player.Failed(what + ": " + fault);
        }
    }

    private void keep(Map<String, Object> step, Map<String, Object> payload) {
        map(step.getOrDefault("save", Map.of())).forEach((name, key) -> saved.put(name, payload.get(key)));
    }

    private Object filled(Object value) {
        if (value instanceof String) {
            Matcher found = VARIABLE.matcher((String) value);
            if (found.matches()) {
                return saved.get(found.group(1));
            }
            return found.replaceAll(one -> Matcher.quoteReplacement(saved.get(one.group(1)).toString()));
        }
        if (value instanceof List) {
            List<Object> made = new ArrayList<>();
            ((List<?>) value).forEach(each -> made.add(filled(each)));
            return made;
        }
        if (value instanceof Map) {
            Map<String, Object> made = new LinkedHashMap<>();
            ((Map<?, ?>) value).forEach((key, each) -> made.put(key.toString(), filled(each)));
            return made;
        }
        return value;
    }

    /** What Json made of an object. */
    static Map<String, Object> map(Object value) {
        return Payload.of((Map<?, ?>) value).all();
    }
}
