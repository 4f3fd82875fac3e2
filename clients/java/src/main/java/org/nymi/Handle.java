package org.nymi;

import com.sun.jna.CallbackThreadInitializer;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.lang.ref.Reference;
import java.nio.file.Path;

/**
 * One client of the library: the only code that passes pointers. Every method may be called on any thread; after {@link #free} the library recognises
 * the handle and refuses it.
 */
final class Handle {
    private static final System.Logger LOG = System.getLogger("org.nymi");
    private static final int FOREVER = -1;

    private final NativeApi api;
    private final Pointer client;
    // The library calls it until the client is freed; the collector must not take it before.
    private final NativeApi.OnLog onLog;
    private volatile Thread logThread;

    Handle(NativeApi api, Settings settings) {
        this.api = api;
        onLog = settings.logListener == null ? null : onLog(settings.logListener);
        NativeApi.Config config = new NativeApi.Config();
        config.size = new NativeApi.SizeT(config.size());
        config.neaName = CText.memory(settings.neaName, "the name of the application");
        config.agentUrl = CText.memory(settings.agentUrl, "the agent's URL");
        config.storeDirectory = path(settings.storeDirectory, "the store's path");
        config.logDirectory = path(settings.logDirectory, "the log's path");
        config.logLevel = (settings.logDirectory == null ? LogLevel.NONE : settings.logLevel).number();
        config.onLogLevel = settings.listenerLevel.number();
        config.onLog = onLog;
        PointerByReference made = new PointerByReference();
        PointerByReference error = new PointerByReference();
        check(api.nymi_client_new(config, made, error), error);
        Reference.reachabilityFence(config);
        client = made.getValue();
    }

    /** Sends a request as JSON. */
    void put(String request) {
        PointerByReference error = new PointerByReference();
        check(api.nymi_client_put(client, CText.bytes(request, "a request"), error), error);
    }

    /**
     * Waits for the next update, as JSON; null once the client was terminated and nothing is left.
     *
     * @throws NymiException the library has no more of them for another reason
     */
    String get() {
        PointerByReference text = new PointerByReference();
        while (true) {
            int result = api.nymi_client_get(client, FOREVER, text, null);
            if (result == Result.OKAY.number()) {
                return taken(text.getValue());
            }
            if (result == Result.TERMINATED.number() || result == Result.BAD_HANDLE.number()) {
                return null;
            }
            if (result != Result.INTERRUPTED.number()) {
                throw NymiException.of(new Failure(result, "", "no more updates", 0));
            }
        }
    }

    /** Ends the client; what is queued can still be read. */
    void terminate() {
        api.nymi_client_terminate(client);
    }

    /** Forgets the client, after its log listener has returned. Again is harmless. */
    void free() {
        api.nymi_client_free(client);
        Reference.reachabilityFence(onLog);
    }

    /** Whether this thread is the one on which the library calls the log listener. */
    boolean isLogThread() {
        return Thread.currentThread() == logThread;
    }

    private String taken(Pointer text) {
        try {
            return text.getString(0, "UTF-8");
        } finally {
            api.nymi_string_free(text);
        }
    }

    private NativeApi.OnLog onLog(LogListener listener) {
        NativeApi.OnLog made = (userData, level, line) -> {
            // Nothing may be thrown into the library.
            try {
                logThread = Thread.currentThread();
                listener.log(LogLevel.of(level).orElse(LogLevel.VERBOSE), line.getString(0, "UTF-8"));
            } catch (Throwable thrown) {
                LOG.log(System.Logger.Level.WARNING, "a log listener threw", thrown);
            }
        };
        // A daemon that stays attached as long as the library's thread lives.
        Native.setCallbackThreadInitializer(made, new CallbackThreadInitializer(true, false, "nymi-log"));
        return made;
    }

    private void check(int result, PointerByReference error) {
        if (result != Result.OKAY.number()) {
            throw NymiException.of(failure(result, error.getValue()));
        }
    }

    /** What an error of the library tells; frees it. */
    private Failure failure(int result, Pointer error) {
        if (result == Result.BAD_HANDLE.number() || result == Result.TERMINATED.number()) {
            // As for who waited when the client was closed: the number of a handle is of no use to programs.
            if (error != null) {
                api.nymi_error_free(error);
            }
            return Failure.of(Status.TERMINATED, "");
        }
        if (error == null) {
            return new Failure(result, "", "", 0);
        }
        try {
            NativeApi.Error said = new NativeApi.Error(error);
            return new Failure(result, said.message.getString(0, "UTF-8"), said.detail.getString(0, "UTF-8"), Integer.toUnsignedLong(said.nsl));
        } finally {
            api.nymi_error_free(error);
        }
    }

    private static Memory path(Path path, String what) {
        return path == null ? null : CText.memory(path.toString(), what);
    }
}
